"""The state sentence and the lines: every level of the design, and what to do when something does not answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.shared.messages.common import DaemonStatus
from edge.shared.messages.modem import Modem, ModemsResult, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.shared.messages.voice import ModeResult, VoiceMode
from edge.shared.model import Language
from webui.box import Heard, Snapshot
from webui.level import Tone, level_of, lines_of, obstacles_to_sms
from webui.words import Words

AT = datetime(2026, 11, 22, 2, 14, tzinfo=UTC)
SINCE = "2026-11-22T01:52:00Z"
WORDS = Words(Language.FR)


def uplink(name: str, kind: str, *, active: bool, state: UplinkState = UplinkState.UP) -> Uplink:
    return Uplink(name=name, interface=name, kind=kind, state=state, active=active, metered=False, since=SINCE)


def links(active: str | None) -> UplinksState:
    both = [uplink("f", "fibre", active=active == "f"), uplink("l", "lte", active=active == "l")]
    return UplinksState(active=active, uplinks=both)


def mode(value: VoiceMode, *, kamailio: bool = True, reason: str = "cloud_silent") -> ModeResult:
    return ModeResult(mode=value, since=SINCE, reason=reason, kamailio=kamailio)


def modem(state: ModemState = ModemState.READY, *, registered: bool | None = True, dbm: int = -79) -> ModemsResult:
    return ModemsResult(modems=[Modem(name="m", device="/dev/m", state=state, registered=registered, signal_dbm=dbm)])


ALL_WELL = Snapshot(
    AT,
    Heard(True, AT, links("f")),
    Heard(True, AT, mode(VoiceMode.CLOUD)),
    Heard(True, AT, modem()),
    Heard(True, AT, DaemonStatus(daemon="alerts", state="ok")),
)
SILENT = Snapshot(AT, Heard(False, AT), Heard(False, AT), Heard(False, AT), Heard(False, AT))


@pytest.mark.parametrize(
    ("box", "number", "tone"),
    [
        (ALL_WELL, 0, Tone.GOOD),
        (replace(ALL_WELL, uplinks=Heard(True, AT, links("l"))), 1, Tone.REDUCED),
        (replace(ALL_WELL, voice=Heard(True, AT, mode(VoiceMode.LOCAL))), 2, Tone.REDUCED),
        # No cloud PBX by choice: the box serves, and nothing is lost.
        (replace(ALL_WELL, voice=Heard(True, AT, mode(VoiceMode.LOCAL, reason="no_cloud"))), 0, Tone.GOOD),
        (replace(ALL_WELL, uplinks=Heard(True, AT, links(None))), 3, Tone.BAD),
        (
            replace(ALL_WELL, uplinks=Heard(True, AT, links(None)), modem=Heard(True, AT, modem(registered=False))),
            4,
            Tone.BAD,
        ),
        (SILENT, None, Tone.UNKNOWN),
        (replace(ALL_WELL, uplinks=Heard(True, AT, UplinksState(active=None, uplinks=[]))), None, Tone.UNKNOWN),
    ],
)
def test_each_level_is_told(box: Snapshot, number: int | None, tone: Tone):
    level = level_of(box, WORDS)
    assert (level.number, level.tone) == (number, tone)
    assert level.sentence.endswith(".")


def test_a_daemon_that_fell_silent_is_not_believed():
    """What it said last is not what is so now."""
    fell_silent = replace(ALL_WELL, uplinks=Heard(False, AT, links("f")), modem=Heard(False, AT, modem()))
    assert level_of(fell_silent, WORDS).number is None
    tones = {line.id: line.tone for line in lines_of(fell_silent, WORDS)}
    assert tones == {"internet": Tone.BAD, "telephones": Tone.GOOD, "sms": Tone.BAD, "alerts": Tone.GOOD}


def test_what_does_not_work_comes_with_what_to_do():
    for line in lines_of(SILENT, WORDS):
        assert line.state == "Ne répond pas"
        assert line.advice, line.id
        assert line.since == AT


@pytest.mark.parametrize(
    ("modems", "state"),
    [
        (ModemsResult(modems=[]), "Aucun modem réglé"),
        (modem(ModemState.ABSENT), "Modem absent"),
        (modem(registered=False), "Pas de réseau mobile"),
    ],
)
def test_what_keeps_an_sms_from_leaving_is_said_before_the_click(modems: ModemsResult, state: str):
    (line,) = obstacles_to_sms(replace(ALL_WELL, modem=Heard(True, AT, modems)), WORDS)
    assert line.state == state
    assert line.advice


def test_nothing_is_said_when_nothing_is_in_the_way():
    assert obstacles_to_sms(ALL_WELL, WORDS) == []
    weak = replace(ALL_WELL, modem=Heard(True, AT, modem(dbm=-109)))
    assert "faible" in next(line.state for line in lines_of(weak, WORDS) if line.id == "sms")
