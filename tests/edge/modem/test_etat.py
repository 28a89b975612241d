"""Who is answered when ETAT comes, and that no pair of automata goes on for ever. The 160 characters of the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.answers import INFORMATION, read_answer
from edge.modem.bulletins.etat import Past, Silence, asks_for_state, silence
from edge.modem.bulletins.level_watch import Change
from edge.modem.bulletins.state_text import Condition, answer_text, change_text, gsm
from edge.shared.gsm7 import fits
from edge.shared.level import Level
from edge.shared.messages.modem import InboundSms, Modem, ModemsResult, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.shared.messages.voice import ModeResult, VoiceMode
from edge.shared.sms_length import Encoding, measure

NOW = datetime(2026, 11, 28, 14, 2, tzinfo=UTC)
TECHNICIAN = "+33612345678"
NOTHING = Past()
SMS = InboundSms(seq=1, number=TECHNICIAN, text="ETAT", sent_at="", received_at="")


def why(sms: InboundSms = SMS, past: Past = NOTHING, now: datetime = NOW) -> Silence | None:
    return silence(sms, {TECHNICIAN}, past, now)


@pytest.mark.parametrize("text", ["ETAT", "etat", "État", "ÉTAT ?", "ETAT?", "  Etat\n", "E\u0301tat", "« état ! »"])
def test_the_word_in_every_form_is_answered(text: str) -> None:
    assert asks_for_state(text)
    assert why(SMS.model_copy(update={"text": text})) is None


@pytest.mark.parametrize(
    "text", ["", "ETATS", "l'état", "etat major", "Re: ETAT", "ETAT 2", "Bellac: niveau 0 (normal)"]
)
def test_other_words_are_not(text: str) -> None:
    assert not asks_for_state(text)
    assert why(SMS.model_copy(update={"text": text})) is Silence.NO_REQUEST


def test_the_word_is_no_acknowledgement() -> None:
    assert read_answer("ETAT") == read_answer("État ?") == INFORMATION


@pytest.mark.parametrize("number", ["0612345678", "+33612345678", "0033612345678", "33612345678", "06 12 34 56 78"])
def test_a_technician_is_known_by_every_form_of_the_number(number: str) -> None:
    assert why(SMS.model_copy(update={"number": number})) is None


@pytest.mark.parametrize("number", ["+33612345679", "38200", "1234", "Mairie", "ETAT", "+3361234567", ""])
def test_strangers_short_numbers_and_names_are_not_answered(number: str) -> None:
    assert why(SMS.model_copy(update={"number": number})) is Silence.STRANGER


def test_a_message_with_parts_missing_asks_for_nothing() -> None:
    assert why(SMS.model_copy(update={"complete": False})) is Silence.NO_REQUEST


def test_the_boxs_own_word_that_comes_back_is_not_answered() -> None:
    """Its own number among the technicians, or an automaton that repeats what it gets."""
    assert why(past=Past(asked_by_us=[NOW - timedelta(minutes=1)])) is Silence.ECHO
    assert why(past=Past(asked_by_us=[NOW - timedelta(minutes=11)])) is None


def test_an_automaton_that_answers_every_answer_with_the_word_comes_to_an_end() -> None:
    answered: list[datetime] = []
    for second in range(0, 7 * 86_400, 20):
        now = NOW + timedelta(seconds=second)
        if why(past=Past(answered), now=now) is None:
            answered.append(now)
    for start in answered:
        assert sum(start <= at < start + timedelta(hours=1) for at in answered) <= 12
        assert sum(start <= at < start + timedelta(days=1) for at in answered) <= 40
    assert len(answered) == 7 * 40  # and it is answered again every day


def test_a_clock_set_back_lifts_no_limit() -> None:
    assert why(past=Past([NOW + timedelta(days=400)] * 12)) is Silence.TOO_MANY
    assert why(past=Past(asked_by_us=[NOW + timedelta(days=400)])) is Silence.ECHO


# -- what it says -----------------------------------------------------------------------------------------------------


def uplink(name: str, kind: str, state: UplinkState = UplinkState.UP, *, active: bool = False) -> Uplink:
    return Uplink(name=name, interface=name, kind=kind, state=state, active=active, metered=False, since="")


MODEM = Modem(name="m1", device="/dev/m1", state=ModemState.READY, registered=True, signal_dbm=-71, operator="Orange F")
WELL = Condition(
    links=UplinksState(active="f", uplinks=[uplink("f", "fibre", active=True), uplink("l", "lte")]),
    mode=ModeResult(mode=VoiceMode.CLOUD, since="", reason="cloud_answers", kamailio=True),
    phones=("12", "14"),
    modems=ModemsResult(modems=[MODEM]),
    level=Level.NORMAL,
)


def test_all_is_well() -> None:
    assert answer_text("Mairie de Bellac", WELL, NOW) == (
        "Mairie de Bellac: niveau 0 (normal). Internet par fibre, 4G. Téléphones opérateur 12/14."
        " Signal bon -71 dBm, Orange F. 14h02"
    )


def test_the_fibre_is_out_and_messages_wait() -> None:
    links = UplinksState(
        active="l", uplinks=[uplink("f", "fibre", UplinkState.DOWN), uplink("l", "lte", UplinkState.POOR, active=True)]
    )
    text = answer_text("Bellac", replace(WELL, links=links, level=Level.LINK_SWITCH, waiting=3), NOW)
    assert text == (
        "Bellac: niveau 1 (secours en service). Internet par 4G mauvais, fibre HS. Téléphones opérateur 12/14."
        " Signal bon -71 dBm, Orange F. 3 SMS en attente. 14h02"
    )


def test_daemons_that_do_not_answer_are_said_to_be_unknown() -> None:
    alone = Condition(None, None, None, ModemsResult(modems=[MODEM]), None)
    text = answer_text("Bellac", alone, NOW)
    assert text.startswith("Bellac: niveau inconnu. Internet: inconnu. Téléphones: inconnu. Signal bon -71 dBm")


def test_a_change_says_both_levels_and_when() -> None:
    change = Change(Level.NORMAL, Level.LINK_SWITCH, NOW)
    assert change_text("Bellac", change, WELL).startswith(
        "Bellac: niveau 0 -> 1 (secours en service) à 14h02. Internet"
    )
    back = Change(Level.NORMAL, Level.NORMAL, NOW + timedelta(hours=1), isolated_since=NOW)
    assert change_text("Bellac", back, WELL).startswith("Bellac: niveau 0 (normal) à 15h02. Isolé de 14h02. Internet")


def test_no_hour_is_said_by_a_clock_that_is_certainly_wrong() -> None:
    assert "14h" not in answer_text("Bellac", WELL, NOW.replace(year=1970))
    assert "14h" not in change_text("Bellac", Change(Level.NORMAL, Level.CLOUD_LOST, NOW.replace(year=1970)), WELL)


def test_letters_without_a_septet_are_written_plainly() -> None:
    assert gsm("Fête à l’Hôtel de Ville – « Noël » n° 3 €") == 'Fete à l\'Hotel de Ville - " Noel " n? 3 €'


names = st.text(min_size=1, max_size=60)
states = st.sampled_from(UplinkState)
conditions = st.builds(
    Condition,
    links=st.none()
    | st.builds(
        UplinksState,
        active=st.none(),
        uplinks=st.lists(
            st.builds(
                uplink,
                st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True),
                st.sampled_from(["fibre", "lte"]),
                states,
            ),
            max_size=6,
        ),
        last_switch=st.none(),
    ),
    mode=st.none()
    | st.builds(
        ModeResult,
        mode=st.sampled_from(VoiceMode),
        since=st.just(""),
        reason=st.just("no_cloud"),
        kamailio=st.booleans(),
        version=st.none(),
    ),
    phones=st.none() | st.just(("1000", "1000")),
    modems=st.builds(
        ModemsResult,
        modems=st.lists(
            st.builds(
                lambda operator, dbm: MODEM.model_copy(update={"operator": operator, "signal_dbm": dbm}),
                names,
                st.none() | st.integers(-150, 0),
            ),
            max_size=2,
        ),
    ),
    level=st.none() | st.sampled_from(Level),
    waiting=st.integers(0, 100_000),
)


@given(names, conditions, st.sampled_from(Level), st.sampled_from(Level))
def test_it_is_always_one_sms_of_the_gsm_alphabet(site: str, condition: Condition, was: Level, level: Level) -> None:
    change = Change(was, level, NOW, isolated_since=NOW)
    for text in (answer_text(site, condition, NOW), change_text(site, change, condition)):
        assert fits(text)
        assert (measure(text).encoding, measure(text).segments) == (Encoding.GSM7, 1)
        assert "niveau" in text
