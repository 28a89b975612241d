"""The AT channel with calls and USSD on it: refused dials, lines of calls between others, answers in several lines."""

from __future__ import annotations

import pytest

from edge.modem.port.at import AtPort, AtRefused, AtSilent
from tests.edge.modem.test_modem_port import Heard, Script, submit, with_modem


@pytest.mark.parametrize("said", [b"NO CARRIER", b"BUSY", b"NO ANSWER", b"NO DIALTONE"])
def test_a_dial_may_end_with_what_became_of_it(said: bytes) -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        with pytest.raises(AtRefused, match=said.decode()):
            await port.command("ATD0612345678;", timeout=20)

    with_modem({b"ATD0612345678;": [b"\r\n" + said + b"\r\n"]}, use)


def test_the_end_of_a_call_is_no_answer_to_another_command() -> None:
    unasked = b"\r\nVOICE CALL: END: 000017\r\n\r\nNO CARRIER\r\n\r\nBUSY\r\n\r\nMISSED_CALL: 08:48AM 0612345678\r\n"

    async def use(port: AtPort, _script: Script, heard: Heard) -> None:
        assert await port.command("AT+CGMM", timeout=20) == ["EC25"]
        assert [line for line, _ in heard] == [
            "VOICE CALL: END: 000017",
            "NO CARRIER",
            "BUSY",
            "MISSED_CALL: 08:48AM 0612345678",
        ]

    with_modem({b"AT+CGMM": [unasked + b"\r\nEC25\r\n\r\nOK\r\n"]}, use)


def test_a_call_that_ends_during_a_submit_does_not_end_the_submit() -> None:
    async def use(port: AtPort, _script: Script, heard: Heard) -> None:
        assert await submit(port) == 7
        assert ("NO CARRIER", None) in heard

    answer = b"\r\nVOICE CALL: END\r\n\r\nNO CARRIER\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n"
    with_modem({b"AT+CMGS=7": [b"\r\nNO CARRIER\r\n\r\n> "], b"0011000B913306\x1a": [answer]}, use)


def test_a_ussd_answer_in_several_lines_is_one() -> None:
    async def use(port: AtPort, _script: Script, heard: Heard) -> None:
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 21,99"]
        assert heard == [('+CUSD: 1,"1. Solde\nOK\n2. Recharge",15', None), ("+CUSD: 2", None)]

    said = b'\r\n+CUSD: 1,"1. Solde\r\nOK\r\n2. Rech|arge",15\r\n\r\n+CUSD: 2\r\n'
    with_modem({b"AT+CSQ": [said + b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n"]}, use)


def test_a_ussd_answer_that_never_ends_costs_one_command() -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        with pytest.raises(AtSilent):
            await port.command("AT+CSQ", timeout=0.3)
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 21,99"]

    answer = b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n"
    with_modem({b"AT+CSQ": [b'\r\n+CUSD: 0,"cut off\r\n' + answer, answer]}, use)
