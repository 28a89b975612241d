"""Which phones fell silent, by what they answered and when they registered."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.messages.voice import Phone
from edge.shared.model.voice import Listen, VoiceSection
from edge.voice.asking import in_building, question
from edge.voice.inventory import Held
from edge.voice.silence import Ear, answered, devices, registered, registrations, seen, unanswered
from edge.voice.vanishing import Span

FIRST = frozenset({("sip:101@10.0.0.5", 1000)})
AGAIN = frozenset({("sip:101@10.0.0.5", 1060)})


def held(
    extension: str = "101",
    *,
    host: str = "10.0.0.5",
    port: int = 5060,
    own: str | None = None,
    since: int = 1000,
    socket: str = "udp:10.0.0.1:5060",
) -> Held:
    contact = f"sip:{extension}@{own or host}:{port}"
    phone = Phone(extension=extension, contact=contact, address=f"{host}:{port}", expires_s=3600)
    return Held(phone, since, f"sip:{host}:{port};transport=udp", socket)


def test_one_that_never_answered_is_never_silent() -> None:
    assert unanswered(unanswered(Ear(), 10.0), 20.0).silent is None


def test_one_that_answered_is_silent_from_the_first_time_it_does_not() -> None:
    ear = unanswered(unanswered(answered(Ear(), 10.0), 22.0), 34.0)
    assert (ear.answered, ear.silent) == (10.0, 22.0)
    assert answered(ear, 40.0) == answered(Ear(), 40.0)


def test_who_registers_while_silent_lives_and_is_not_held_to_its_answers() -> None:
    ear = registered(unanswered(answered(Ear(FIRST), 10.0), 22.0), AGAIN)
    assert ear.silent is None
    assert unanswered(ear, 34.0).silent is None
    assert unanswered(answered(ear, 40.0), 52.0).silent == 52.0


def test_registering_as_usual_changes_nothing() -> None:
    assert unanswered(registered(answered(Ear(FIRST), 10.0), AGAIN), 22.0).silent == 22.0


@pytest.mark.parametrize("known", [FIRST, frozenset[tuple[str, int]]()])
def test_the_registration_that_was_known_or_is_not_known_any_more_is_no_sign_of_life(
    known: frozenset[tuple[str, int]],
) -> None:
    """Kamailio forgets the times when it is started again."""
    ear = unanswered(answered(Ear(FIRST), 10.0), 22.0)
    assert registered(ear, known) == ear
    assert registered(registered(ear, known), FIRST) == ear


DEEDS = st.lists(st.sampled_from(["answers", "is silent", "registers"]), max_size=30)


@given(DEEDS)
def test_silent_is_who_answered_before_and_has_given_no_sign_since(deeds: list[str]) -> None:
    ear, times = Ear(), 0
    for at, deed in enumerate(deeds):
        if deed == "answers":
            ear = answered(ear, float(at))
        elif deed == "is silent":
            ear = unanswered(ear, float(at))
        else:
            times += 1
            ear = registered(ear, frozenset({("sip:101@10.0.0.5", times)}))
    if ear.silent is None:
        assert deeds[-1:] != ["is silent"] or ear.answered is None
        return
    assert ear.answered is not None
    assert deeds[int(ear.answered)] == "answers"
    assert "answers" not in deeds[int(ear.answered) + 1 :]
    assert set(deeds[int(ear.silent) :]) == {"is silent"}


def test_a_base_with_many_extensions_is_one_device_and_phones_behind_one_nat_are_not() -> None:
    base = [held(str(number), host="10.0.0.9", port=5060 + number) for number in range(3)]
    hidden = [held(str(number), host="10.0.0.8", own=f"192.168.1.{number}") for number in range(10, 13)]
    assert [len(contacts) for contacts in devices([*base, *hidden]).values()] == [3, 1, 1, 1]


def test_the_contact_that_registered_last_comes_first() -> None:
    old, new = held(port=5060, since=1000), held(port=5062, since=1060)
    assert list(devices([old, new]).values()) == [[new, old]]


def test_times_that_are_not_known_are_no_registrations() -> None:
    assert registrations([held(since=0), held(since=7)]) == {("sip:101@10.0.0.5:5060", 7)}


def test_an_extension_is_silent_when_every_device_of_it_is() -> None:
    desk, mobile, other = held(), held(host="10.0.0.6"), held("102", host="10.0.0.7")
    everybody = [desk, mobile, other]
    ears = {desk.device: Ear(answered=10.0, silent=22.0), other.device: Ear(answered=10.0)}
    assert {who: one.silent for who, one in seen(everybody, ears).items()} == {"101": None, "102": None}
    ears[mobile.device] = Ear(answered=14.0, silent=20.0)
    assert seen(everybody, ears)["101"].silent == Span(14.0, 22.0)
    assert seen(everybody, ears)["101"].devices == {desk.device, mobile.device}


BUILDING = VoiceSection(
    domain="mairie.example",
    listen=[
        Listen.model_validate({"address": "10.0.0.1"}),
        Listen.model_validate({"address": "10.9.0.1", "outside": True}),
    ],
    networks=[IPv4Network("10.0.0.0/16")],
)


@pytest.mark.parametrize(
    ("phone", "asked"),
    [
        (held(), True),
        (held(host="10.1.0.5"), False),
        (held(socket="udp:10.9.0.1:5060"), False),
        (held(host="phone.example"), False),
    ],
    ids=["inside", "another network", "heard outside", "no address"],
)
def test_only_phones_of_the_building_are_asked(phone: Held, asked: bool) -> None:
    assert in_building(phone, BUILDING) is asked


def test_without_networks_the_building_is_every_private_one() -> None:
    anywhere = BUILDING.model_copy(update={"networks": []})
    assert in_building(held(host="192.168.7.7"), anywhere)
    assert not in_building(held(host="203.0.113.7"), anywhere)


def test_a_question_goes_to_the_contact_by_the_way_it_was_heard() -> None:
    lines = question(held(), "mairie.example", "10.0.0.1:40000", "c" * 24).decode().split("\r\n")
    assert lines[0] == "OPTIONS sip:101@10.0.0.5:5060 SIP/2.0"
    assert "Repli-Asked: sip:10.0.0.5:5060;transport=udp" in lines
    assert "Repli-Socket: udp:10.0.0.1:5060" in lines
