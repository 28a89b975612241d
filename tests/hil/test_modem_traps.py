"""Each trap that can be armed in the virtual modem does what it says, at its AT port."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.modem.part import FAULTS
from hil.rig.virtual.modem.terminal import FINAL, Terminal, lines, part, reopened, wait

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

Start = Callable[..., tuple[VirtualModem, Terminal]]
SLOW = ("--latency", "0.1")


@pytest.mark.parametrize(
    ("faults", "answer"),
    [
        ({"lost_answer": 1}, []),
        ({"error_500_accepted": 1}, ["+CMS ERROR: 500"]),
        ({"error_500_accepted": 1, "accepted_code": 332}, ["+CMS ERROR: 332"]),
    ],
)
def test_the_network_has_it_and_the_answer_does_not_say_so(
    start: Start, faults: dict[str, int], answer: list[str]
) -> None:
    modem, terminal = start(*SLOW)
    modem.arm(**faults)
    terminal.begin("Parti")
    wait(lambda: len(modem.log()) == 1)
    heard = b"".join(terminal.until(f"{re.escape(line)}\r\n") for line in answer)
    assert lines(heard + terminal.listen(0.2)) == answer
    assert terminal.submit("Ensuite")[-1] == "OK"
    assert [line.text for line in modem.log()] == ["Parti", "Ensuite"]


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [("vanish_accepted", True), ("power_cut_accepted", True), ("vanish_before", False), ("power_cut_before", False)],
)
def test_a_crash_ends_the_submit_and_the_port_before_or_after_the_network_has_the_part(
    start: Start, fault: str, accepted: bool
) -> None:
    modem, terminal = start(*SLOW)
    modem.arm(**{fault: 1}, vanish_s=0.2, power_cut_s=0.2)
    terminal.begin("Perdu de vue")
    assert b"CMGS" not in terminal.listen_until_gone()
    terminal.close()
    back = reopened(modem, terminal)
    assert back.ask("AT")[0] == "AT"  # the echo is on again: it started anew
    assert [line.text for line in modem.log()] == ["Perdu de vue"] * accepted
    back.close()


def test_a_bus_reset_takes_the_answer_and_leaves_the_settings(start: Start) -> None:
    modem, terminal = start(*SLOW)
    terminal.ask("AT+CNMI=2,1,0,2")
    modem.arm(usb_reset_accepted=1, vanish_s=0.2)
    terminal.begin("Parti")
    assert b"CMGS" not in terminal.listen_until_gone()
    terminal.close()
    back = reopened(modem, terminal)
    assert back.ask("AT+CNMI?") == ["+CNMI: 2,1,0,2,0", "OK"]
    assert [line.text for line in modem.log()] == ["Parti"]
    back.close()


def test_it_never_comes_back_under_the_name_it_had(start: Start) -> None:
    modem, terminal = start()
    terminal.close()
    names = [os.path.realpath(modem.link)]
    for _ in range(4):
        modem.inject("reenumerate", pause_s=0)
        names.append(os.path.realpath(modem.link))
    assert all(before != after for before, after in itertools.pairwise(names))


def test_a_modem_that_hangs_after_accepting_answers_nothing_until_its_power_is_cut(start: Start) -> None:
    modem, terminal = start(*SLOW)
    modem.arm(hang_accepted=1)
    terminal.begin("Parti")
    wait(lambda: len(modem.log()) == 1)
    terminal.say(b"\x1bAT\r")
    assert terminal.listen(0.4) == b""
    modem.inject("power_cut", off_s=0.05)
    terminal.close()
    back = reopened(modem, terminal)
    assert back.ask("AT")[-1] == "OK"
    assert [line.text for line in modem.log()] == ["Parti"]
    back.close()


def test_after_a_lost_prompt_what_comes_is_swallowed_as_text_until_it_is_escaped(start: Start) -> None:
    modem, terminal = start()
    modem.arm(lost_prompt=2)
    for end, answer in ((b"\x1b", "OK"), (b"\x1a", "+CMS ERROR: 304")):
        terminal.say(b"AT+CMGS=20\r")
        assert terminal.listen(0.1) == b""
        terminal.say(b"AT\rAT+CSQ\r")
        assert terminal.listen(0.1) == b""
        terminal.say(end)
        assert lines(terminal.until(FINAL.pattern.decode())) == [answer]
    assert [line.pdu for line in modem.malformed()] == ["AT\rAT+CSQ"]
    assert terminal.ask("AT") == ["OK"]


def test_a_prompt_may_come_late(start: Start) -> None:
    modem, terminal = start()
    modem.arm(late_prompt=1, late_prompt_s=0.5)
    begun = time.monotonic()
    terminal.say(b"AT+CMGS=20\r")
    terminal.until("\r\n> ")
    assert time.monotonic() - begun >= 0.5


def test_an_answer_may_come_late(start: Start) -> None:
    modem, terminal = start()
    modem.arm(late_answer=1, late_answer_s=0.6)
    terminal.begin()
    assert lines(terminal.until("OK\r\n")) == ["+CMGS: 0", "OK"]
    (accepted,) = modem.log()
    assert time.monotonic() - accepted.monotonic_ns / 1e9 >= 0.6


def test_unsolicited_lines_come_at_every_legal_place(start: Start) -> None:
    _, terminal = start("--latency", "0.1")
    terminal.ask("AT+CNMI=2,1,0,2")
    modem, terminal = start("--latency", "0.1", "--seed", "4")
    modem.arm(noise=1)
    length, pdu = part("Dans le bruit")
    terminal.say(f"AT+CMGS={length}\r".encode())
    assert terminal.until("\r\n> ").removesuffix(b"\r\n> "), "a line before the prompt"
    assert lines(terminal.until(r"\r\n[^\r]+\r\n")), "a line after the prompt"
    terminal.say(pdu.encode() + b"\x1a")
    heard = terminal.until("CMGS: 0\r\n").rpartition(b"\r\n+CMGS")[0]
    assert heard.count(b"\r\n+") >= 2, "lines between Ctrl-Z and +CMGS"
    assert lines(terminal.until("OK\r\n"))[:-1], "a line between +CMGS and OK"
    assert lines(terminal.until(r"\r\n[^\r]+\r\n")), "a line after it"
    assert [line.text for line in modem.log()] == ["Dans le bruit"]
    modem.inject("bring", number="+33698765432", text="Un")
    modem.inject("bring", number="+33698765432", text="Deux")
    listing = terminal.ask("AT+CMGL=4")
    headers = [place for place, line in enumerate(listing) if line.startswith("+CMGL")]
    assert all(listing[place + 1].startswith("00") for place in headers), "nothing between a header and its PDU"
    assert headers[1] - headers[0] > 2, "a line between two entries"


def test_chance_is_seeded(start: Start) -> None:
    def transcript(seed: int) -> bytes:
        modem, terminal = start("--seed", str(seed))
        modem.arm(noise=0.5, garbage=0.5)
        return b"".join(terminal.until("\r\nOK\r\n") for _ in range(12) if not terminal.say(b"AT\r"))

    assert transcript(1) == transcript(1) != transcript(2)


def test_answers_come_in_pieces_and_the_echo_stays_where_it_cannot_be_switched_off(start: Start) -> None:
    modem, terminal = start("--arm", "pieces=3", "--keeps-echo", "--personality", "sim7600", "--boot", "0")
    before = modem.inject("look")["writes"]
    terminal.reads.clear()
    assert terminal.ask("ATI")[0] == "ATI"
    # A reader that gets its turn late reads several pieces at once: they are counted where they are said.
    assert modem.inject("look")["writes"] - before >= len(b"".join(terminal.reads)) / 3 > 10


def test_a_fault_that_does_not_exist_is_refused_by_name(start: Start) -> None:
    modem, _ = start()
    with pytest.raises(ValueError, match="no fault lost_anwser"):
        modem.arm(lost_anwser=1)


def test_the_modem_knows_each_fault_that_the_town_has_for_it(tmp_path: Path) -> None:
    town = cast("RunningTown", SimpleNamespace(folder=tmp_path))
    with VirtualModem(tmp_path) as modem:
        for fault in FAULTS:
            fault.inject(town)
            fault.heal(town)
        wait(lambda: bool(modem.inject("look")["plugged"]))
