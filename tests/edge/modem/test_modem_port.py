"""The AT channel against a scripted modem on a pty: answers in pieces, echo, lines nobody asked for, lost prompts."""

from __future__ import annotations

import asyncio
import os
import time
import tty
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from edge.modem.port.at import AtClosed, AtPort, AtRefused, AtSilent, NotHandedOver, OutcomeUnknown


@dataclass
class Script:
    """Answers each thing written by the next octets of its list; `asked` is what came."""

    master: int
    answers: dict[bytes, list[bytes]]
    held_up_s: float = 0.0  # how long everything in this process stands still once an answer is on the wire
    asked: list[bytes] = field(default_factory=list)

    def readable(self) -> None:
        try:
            octets = os.read(self.master, 4096)
        except OSError:
            return
        for command in octets.replace(b"\x1a", b"\x1a\r").split(b"\r"):
            if command:
                self.asked.append(command)
                answers = self.answers.get(command, [])
                for piece in answers.pop(0).split(b"|") if answers else []:
                    os.write(self.master, piece)
                time.sleep(self.held_up_s)

    async def chatter(self, line: bytes, every_s: float) -> None:
        """Say a line again and again, until cancelled."""
        while True:
            os.write(self.master, b"\r\n" + line + b"\r\n")
            await asyncio.sleep(every_s)


RESYNC = {b"AT": [b"\r\nOK\r\n"] * 9, b"AT+CMGF?": [b"\r\n+CMGF: 0\r\n\r\nOK\r\n"] * 9}
Heard = list[tuple[str, str | None]]


def with_modem(answers: dict[bytes, list[bytes]], use: Callable[[AtPort, Script, Heard], Awaitable[None]]) -> None:
    async def run() -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(slave, False)
        script = Script(master, {**{key: list(value) for key, value in RESYNC.items()}, **answers})
        asyncio.get_running_loop().add_reader(master, script.readable)
        heard: Heard = []
        port = AtPort(slave, lambda line, pdu: heard.append((line, pdu)))
        try:
            await use(port, script, heard)
        finally:
            port.close()
            asyncio.get_running_loop().remove_reader(master)
            os.close(master)
            os.close(slave)

    asyncio.run(run())


async def submit(port: AtPort, hand_over: Callable[[], None] = lambda: None, *, timeout: float = 20.0) -> int:
    return await port.submit(7, "0011000B913306", hand_over=hand_over, prompt_timeout=timeout, answer_timeout=timeout)


def test_an_answer_in_pieces_with_echo_and_unasked_lines_in_it() -> None:
    async def use(port: AtPort, _script: Script, heard: Heard) -> None:
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 21,99"]
        assert heard == [("RING", None), ('+CMTI: "ME",1', None)]

    with_modem({b"AT+CSQ": [b'AT+C|SQ\r\r\nRI|NG\r\n\r\n+CS|Q: 21,99\r\n\r\n+CMTI: "ME",1\r\n|\r\nO|K\r\n']}, use)


def test_a_list_of_pdus_with_a_pushed_report_between_its_lines() -> None:
    pdu, pushed = "07" * 20, "06" * 25

    async def use(port: AtPort, _script: Script, heard: Heard) -> None:
        lines = await port.command("AT+CMGL=4", timeout=20)
        assert lines == ["+CMGL: 1,0,,19", pdu]
        assert heard == [("+CDS: 24", pushed)]

    answer = f"\r\n+CDS: 24\r\n{pushed}\r\n\r\n+CMGL: 1,0,,19\r\n{pdu}\r\n\r\nOK\r\n"
    with_modem({b"AT+CMGL=4": [answer.encode()]}, use)


def test_a_refusal_carries_its_number() -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        with pytest.raises(AtRefused) as refused:
            await port.command("AT+CMGF=0", timeout=20)
        assert refused.value.code == 314

    with_modem({b"AT+CMGF=0": [b"\r\n+CMS ERROR: 314\r\n"]}, use)


def test_a_submit_with_echo_and_a_report_before_its_answer() -> None:
    async def use(port: AtPort, script: Script, heard: Heard) -> None:
        handed = []
        reference = await submit(port, hand_over=lambda: handed.append(list(script.asked)))
        assert reference == 211
        assert handed == [[b"AT+CMGS=7"]]  # after the prompt, before the text
        assert script.asked == [b"AT+CMGS=7", b"0011000B913306\x1a"]
        assert heard == [('+CDSI: "SR",4', None)]

    with_modem(
        {
            b"AT+CMGS=7": [b"AT+CMGS=7\r\r\n|>| "],
            b"0011000B913306\x1a": [b'0011000B913306\x1a\r\n+CDSI: "SR",4\r\n\r\n+CMGS: |211\r\n\r\nOK\r\n'],
        },
        use,
    )


def test_a_lost_prompt_is_left_with_escape_and_the_text_is_never_given() -> None:
    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        with pytest.raises(NotHandedOver):
            await submit(port, lambda: pytest.fail("handed over without a prompt"), timeout=0.3)
        assert script.asked == [b"AT+CMGS=7", b"\x1b", b"AT", b"AT+CMGF?"]

    with_modem({b"AT+CMGS=7": [b""]}, use)


@pytest.mark.parametrize("chatter", ["^RSSI: 20", "+CREG: 1", "$GPGGA,123519,4807.038,N"])
def test_a_modem_that_never_stops_talking_holds_up_no_command_and_no_prompt(chatter: str) -> None:
    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        talking = asyncio.create_task(script.chatter(chatter.encode(), every_s=0.02))
        try:
            async with asyncio.timeout(30):
                with pytest.raises(AtSilent):
                    await port.command("AT+CSQ", timeout=0.1)
                with pytest.raises(NotHandedOver):
                    await submit(port, lambda: pytest.fail("handed over without a prompt"), timeout=0.3)
        finally:
            talking.cancel()

    with_modem({b"AT+CSQ": [b""], b"AT+CMGS=7": [b""]}, use)


def test_noise_in_the_number_of_a_refusal_is_a_refusal() -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        with pytest.raises(AtRefused) as refused:
            await port.command("AT+CMGF=0", timeout=20)
        assert refused.value.code is None

    with_modem({b"AT+CMGF=0": [b"\r\n+CMS ERROR: 3\xb24\r\n"]}, use)


def test_if_the_intent_cannot_be_kept_the_text_is_not_given() -> None:
    def full() -> None:
        raise OSError(28, "no space")

    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        with pytest.raises(OSError, match="no space"):
            await submit(port, hand_over=full)
        assert script.asked == [b"AT+CMGS=7", b"\x1b", b"AT", b"AT+CMGF?"]

    with_modem({b"AT+CMGS=7": [b"\r\n> "]}, use)


def test_a_lost_answer_is_unknown_and_the_port_is_back_in_step() -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        with pytest.raises(OutcomeUnknown):
            await submit(port, timeout=0.3)
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 9,99"]

    with_modem({b"AT+CMGS=7": [b"\r\n> "], b"AT+CSQ": [b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n"]}, use)


def test_an_answer_that_comes_while_getting_back_in_step_counts() -> None:
    """Its OK must not be taken for the one to AT: the next answer would be read for the wrong command."""

    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        assert await submit(port, timeout=0.3) == 42
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 9,99"]

    with_modem(
        {
            b"AT+CMGS=7": [b"\r\n> "],
            b"\x1b": [b"\r\n+CMGS: 42\r\n\r\nOK\r\n"],
            b"AT+CSQ": [b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n"],
        },
        use,
    )


def test_silence_is_said_and_does_not_last() -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        with pytest.raises(AtSilent):
            await port.command("AT+CSQ", timeout=0.3)
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 9,99"]

    with_modem({b"AT+CSQ": [b"", b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n"]}, use)


@pytest.mark.parametrize(
    "ask",
    [lambda port: port.command("AT+CSQ", timeout=0.5), lambda port: submit(port, timeout=0.5)],
    ids=["command", "prompt"],
)
def test_a_modem_that_rings_and_does_not_answer_is_silent(ask: Callable[[AtPort], Awaitable[object]]) -> None:
    """A call that comes in rings every few seconds: no answer would ever be given up."""

    async def use(port: AtPort, script: Script, heard: Heard) -> None:
        async def ring() -> None:
            while True:
                os.write(script.master, b"\r\nRING\r\n")
                await asyncio.sleep(0.1)

        ringing = asyncio.create_task(ring())
        try:
            async with asyncio.timeout(30):
                with pytest.raises((AtSilent, NotHandedOver)):
                    await ask(port)
        finally:
            ringing.cancel()
        assert ("RING", None) in heard

    with_modem({}, use)


def test_a_modem_that_does_not_know_the_mark_is_used_all_the_same() -> None:
    async def use(port: AtPort, _script: Script, _heard: Heard) -> None:
        await port.resync()
        assert await port.command("AT+CSQ", timeout=20) == ["+CSQ: 9,99"]

    with_modem({b"AT+CMGF?": [b"\r\nERROR\r\n"], b"AT+CSQ": [b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n"]}, use)


def test_an_answer_that_came_while_we_were_held_up_is_one() -> None:
    """A write to a slow card may take longer than a modem gets for its answer: that is no silence of the modem's."""

    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        script.held_up_s = 0.3
        assert await port.command("AT+CSQ", timeout=0.2) == ["+CSQ: 9,99"]
        assert await submit(port, timeout=0.2) == 42
        assert script.asked == [b"AT+CSQ", b"AT+CMGS=7", b"0011000B913306\x1a"]

    with_modem(
        {
            b"AT+CSQ": [b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n"],
            b"AT+CMGS=7": [b"\r\n> "],
            b"0011000B913306\x1a": [b"\r\n+CMGS: 42\r\n\r\nOK\r\n"],
        },
        use,
    )


def test_a_device_that_vanishes_ends_what_waits() -> None:
    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        waiting = asyncio.create_task(port.command("AT+CSQ", timeout=10))
        await asyncio.sleep(0.05)
        port.close()
        with pytest.raises(AtClosed):
            await waiting
        assert script.asked == [b"AT+CSQ"]

    with_modem({}, use)
