"""Phones that go dark without a word, a real Kamailio asking them: five at once are one fault, all else is none."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, HandPbx, Telephony
from hil.rig.virtual.sip.wire import Hand
from hil.rig.virtual.waiting import wait_for
from tests.edge.told import issues
from tests.edge.voice.desks import Desk, serving

FOUND_S = 30.0  # a dead switch is said within it
ROUND_S = 12.0  # each phone is asked once in it
SURVEY_S = 5.0
NUMBERS = [str(number) for number in range(101, 131)]
UNHEARD_S = ROUND_S + 6.0 + 3 * 4.0  # each was asked in it three times in a row, and not even Kamailio said anything
SILENT_ROUND = 3 * 3  # messages to a phone that falls silent: three questions, each sent three times
MUTE_ROUND = 3  # to one that never answered: one question


@pytest.fixture
def box(telephony: Telephony) -> Iterator[Telephony]:
    """A cloud PBX grants every phone an hour."""
    HandPbx(telephony.wire(10)).expires = 3600
    telephony.start(telephony.site(extensions={number: f"{number}-secret" for number in NUMBERS}))
    telephony.wait_mode("cloud")
    yield telephony


def gone(box: Telephony) -> list[str]:
    """The extensions that are said to have gone together."""
    found = issues(box).get("voice.phones_gone")
    return sorted(found["extensions"].split(", ")) if found else []


def asked(desks: Sequence[Desk], more: int) -> None:
    """Return once each was asked so often again."""
    before = [len(desk.asked) for desk in desks]
    wait_for(
        lambda: all(len(desk.asked) >= had + more for desk, had in zip(desks, before, strict=True)),
        "everybody asked",
        4 * ROUND_S,
        every=0.2,
    )


def end(kamailio: subprocess.Popen[bytes]) -> None:
    """Kill it and its workers."""
    os.killpg(kamailio.pid, signal.SIGKILL)
    kamailio.wait(10)


def never_said(box: Telephony, seconds: float) -> None:
    """Look at every survey for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert gone(box) == []
        time.sleep(1.0)


def known(desks: Sequence[Desk]) -> None:
    """Return once each was asked, and heard to answer."""
    asked(desks, 1)
    time.sleep(1.0)


def test_five_dark_devices_are_one_fault_until_they_are_back(box: Telephony) -> None:
    wires = [box.wire(host) for host in range(101, 104)]
    desks = [Desk(wire, [number]) for wire, number in zip(wires, NUMBERS, strict=False)]
    by_tcp = Desk(box.wire(104, transport="tcp"), ["104"])
    by_tcp.wire.connect(box.box)
    base = Desk(box.wire(105), NUMBERS[4:14])
    stays = Desk(box.wire(106), ["115"], code=405)  # an answer all the same
    mute = Desk(box.wire(107), ["116"], code=0)
    dying = [*desks, by_tcp, base]
    with serving(box, [*dying, stays, mute]):
        known([*dying, stays, mute])

        for desk in (*desks, base):
            desk.dark = True
        asked([*desks, base], SILENT_ROUND)
        never_said(box, SURVEY_S + 2)  # thirteen extensions, and four devices
        for desk in (*desks, base):
            desk.dark = False
        known(dying)

        dark_since = time.monotonic()
        for desk in dying:
            desk.dark = True
        wait_for(lambda: gone(box), "the fault", 2 * FOUND_S, every=0.2)
        assert time.monotonic() - dark_since <= FOUND_S
        wait_for(lambda: gone(box) == sorted(NUMBERS[:14]), "all of them, and nobody else", ROUND_S)

        phones = {phone["extension"]: phone["silent"] for phone in box.json("voice", "phones")["phones"]}
        assert phones == {number: number in NUMBERS[:14] for number in NUMBERS[:16]}, "calls still try them"

        for desk in dying:
            desk.dark = False
        wait_for(lambda: gone(box) == [], "no fault", FOUND_S)


def test_it_is_said_until_they_register_whatever_kamailio_does(box: Telephony) -> None:
    desks = [Desk(box.wire(host), [number]) for host, number in zip(range(101, 107), NUMBERS, strict=False)]
    with serving(box, desks):
        known(desks)
        for desk in desks:
            desk.dark = True
        wait_for(lambda: len(gone(box)) == len(desks), "the fault", 2 * FOUND_S)
        kamailio = box.root.running["kamailio"].process
        os.killpg(kamailio.pid, signal.SIGSTOP)
        wait_for(lambda: "voice.kamailio_silent" in issues(box), "Kamailio missed")
        time.sleep(SURVEY_S + 1)
        assert len(gone(box)) == len(desks), "a look that failed tells nothing new"
        os.killpg(kamailio.pid, signal.SIGCONT)
    time.sleep(1.0)  # the time of a registration is told in seconds
    for desk in desks:
        desk.register(box)
    wait_for(lambda: gone(box) == [], "no fault", SURVEY_S + 5)


def test_what_happens_to_kamailio_happens_to_no_phone(box: Telephony) -> None:
    desks = [Desk(box.wire(host), [number]) for host, number in zip(range(101, 117), NUMBERS, strict=False)]
    with serving(box, desks):
        known(desks)

        kamailio = box.root.running["kamailio"].process
        os.killpg(kamailio.pid, signal.SIGSTOP)
        time.sleep(UNHEARD_S)
        os.killpg(kamailio.pid, signal.SIGCONT)
        never_said(box, SURVEY_S + 1)
        end(kamailio)
        time.sleep(SURVEY_S)
        box.root.start("kamailio")
        never_said(box, SURVEY_S + 1)

        # Not even when it forgets them all.
        end(box.root.running["kamailio"].process)
        (box.root.paths.kamailio_run / "location.sqlite").unlink()
        box.root.paths.registrations.unlink(missing_ok=True)
        box.root.start("kamailio")
        wait_for(lambda: box.json("voice", "mode")["mode"] == "cloud", "Kamailio seen")
        assert box.json("voice", "phones")["phones"] == []
        never_said(box, SURVEY_S + 1)


def test_phones_that_answer_nothing_are_not_gone_nor_is_anybody_by_another_start_of_voice(box: Telephony) -> None:
    desks = [Desk(box.wire(host), [number]) for host, number in zip(range(101, 107), NUMBERS, strict=False)]
    mutes = [
        Desk(box.wire(host), [number], code=0) for host, number in zip(range(111, 117), NUMBERS[10:], strict=False)
    ]
    with serving(box, [*desks, *mutes]):
        known(desks)
        box.root.running["voice"].kill()
        box.root.start("voice")
        asked(mutes, 2 * MUTE_ROUND)
        never_said(box, SURVEY_S + 1)


def test_who_takes_leave_together_is_gone_together_as_ever(box: Telephony) -> None:
    desks = [Desk(box.wire(host), [number]) for host, number in zip(range(101, 107), NUMBERS, strict=False)]
    for desk in desks:
        desk.register(box)
    time.sleep(2 * SURVEY_S)
    for desk in desks:
        hand = Hand(desk.wire, desk.numbers[0], "", DOMAIN, box.box)
        contact = f"<sip:{desk.numbers[0]}@{desk.wire.address}:{desk.wire.port}>"
        assert hand.register([contact], expires=0, prove=False).code == 200
    wait_for(lambda: gone(box) == NUMBERS[:6], "the fault", SURVEY_S + 5)
