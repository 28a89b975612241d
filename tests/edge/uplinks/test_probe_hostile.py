"""Probes against hostile peers on the loopback: whatever comes is no answer, and costs little."""

from __future__ import annotations

import asyncio
import socket
import struct
import tracemalloc
from collections.abc import Callable

import pytest

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeTarget
from edge.uplinks.probes import Failure, ProbeSockets, Volume
from hil.rig.virtual.responders import answer_datagrams
from tests.edge.uplinks.probed import ELSEWHERE, HERE, NO_CONTENT, ask, outcome, serve, target

pytestmark = pytest.mark.town  # binds to a device: needs root


@pytest.mark.parametrize("kind", ["dns", "sip", "udp"])
def test_floods_of_garbage_are_no_answer(kind: str, port: int) -> None:
    async def story() -> Failure | None:
        await answer_datagrams(HERE, port, lambda data: data[::-1] * 700)
        settings = {"query": "sonde.example"} if kind == "dns" else {}
        return await ask(target(kind, port=port, **settings), seconds=0.6)

    assert outcome(story()) is ProbeOutcome.TIMEOUT


def test_a_slow_answer_byte_by_byte_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in NO_CONTENT:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    async def story() -> Failure | None:
        return await ask(target("http", port=await serve(drip)), seconds=5)

    assert asyncio.run(story()) == Failure(ProbeOutcome.TIMEOUT, "")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_endless_answer_costs_little(start: bytes) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async def story() -> tuple[Failure | None, Volume]:
        volume = Volume()
        failure = await ask(target("http", port=await serve(flood), expect_text="repli-ok"), volume=volume)
        return failure, volume

    failure, volume = asyncio.run(story())
    assert failure is not None
    assert failure.outcome is ProbeOutcome.WRONG
    assert 0 < volume.received < 100_000


HOSTILE_STREAMS = {
    "a header that never ends": (b"HTTP/1.1 204 No Content\r\nX-Long: ", b"x" * 65_536),
    "headers that never end": (b"HTTP/1.1 204 No Content\r\n", b"X-More: yes\r\n" * 4000),
    "a status line that never ends": (b"HTTP/1.1 204 ", b"No" * 32_768),
    "compressed garbage": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", b"\0\xff" * 32_768),
    "TLS records that never end": (b"", (b"\x16\x03\x03\x40\x00" + b"\x0b" * 0x4000) * 4),
}


@pytest.mark.parametrize(("start", "again"), HOSTILE_STREAMS.values(), ids=HOSTILE_STREAMS.keys())
@pytest.mark.parametrize("kind", ["http", "https"])
def test_ten_megabytes_of_hostile_answer_are_a_failure_that_costs_little(kind: str, start: bytes, again: bytes) -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        for _ in range(160):
            writer.write(again)
            await writer.drain()

    async def story() -> tuple[Failure | None, Volume]:
        volume = Volume()
        return await ask(target(kind, port=await serve(flood)), volume=volume), volume

    tracemalloc.start()
    try:
        failure, volume = asyncio.run(story())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert failure is not None
    assert failure.outcome is ProbeOutcome.WRONG
    assert len(failure.got) <= 80
    assert volume.received < 200_000
    assert peak < 8_000_000, "this test's own writer holds some of it"


def hostile_name_server(question: bytes) -> bytes:
    """Sixty thousand records are announced; their names are pointers to themselves, and to each other."""
    loop = (
        struct.pack("!HHHIH", 0xC000 + len(question), 1, 1, 60, 0)
        + struct.pack("!HHHIH", 0xC00C, 5, 1, 60, 2)
        + b"\xc0\x0c"
    )
    return question[:2] + struct.pack("!5H", 0x8180, 1, 0xFFFF, 0xFFFF, 0xFFFF) + question[12:] + loop * 150


def hostile_registrar(request: bytes) -> bytes:
    """The request's own headers are at the end, behind four thousand bytes of others."""
    return b"SIP/2.0 200 " + b"O" * 300 + b"\r\n" + b"Via: ;branch=;branch\r\n" * 2000 + request.partition(b"\r\n")[2]


@pytest.mark.parametrize(
    ("kind", "reply", "wanted"),
    [
        ("dns", hostile_name_server, ProbeOutcome.WRONG),
        ("dns", lambda question: question[:2] + b"\x81\x80" + question[4:] + b"\xc0" * 3000, ProbeOutcome.WRONG),
        ("sip", hostile_registrar, ProbeOutcome.TIMEOUT),
        ("sip", lambda _request: b"SIP/2.0 200 OK\r\n" + b"\r\n \t" * 12_000, ProbeOutcome.TIMEOUT),
        ("udp", lambda data: data * 900, ProbeOutcome.TIMEOUT),
    ],
    ids=[
        "pointers in circles",
        "pointers to nowhere",
        "headers without end",
        "folded lines without end",
        "a long echo",
    ],
)
def test_hostile_datagrams_are_no_answer(
    kind: str, reply: Callable[[bytes], bytes], wanted: ProbeOutcome, port: int
) -> None:
    async def story() -> Failure | None:
        await answer_datagrams(HERE, port, reply)
        settings = {"query": "sonde.example"} if kind == "dns" else {}
        return await ask(target(kind, port=port, **settings), seconds=0.6)

    assert outcome(story()) is wanted


def test_a_target_that_floods_holds_nobody_up_and_the_other_is_heard(port: int) -> None:
    """Its datagrams are before the other's answer on the socket that all targets share; the loop comes round meanwhile."""
    flood, good = target("udp", port=port), target("udp", host=ELSEWHERE, port=port)
    heard: list[ProbeTarget] = []

    async def story() -> int:
        sockets = ProbeSockets("lo", (flood, good), lambda _number, asked, _age: heard.append(asked))
        sockets.send(1, (flood, good))
        _, asker = flooding.recvfrom(1000)
        question, _ = honest.recvfrom(1000)
        for _ in range(150):  # as many as the kernel keeps for a socket
            flooding.sendto(b"x", asker)
        honest.sendto(question, asker)
        for turn in range(1, 1000):
            await asyncio.sleep(0)
            if heard:
                sockets.close()
                return turn
        raise AssertionError("the other's answer was not heard")

    with datagrams(HERE, port) as flooding, datagrams(ELSEWHERE, port) as honest:
        assert asyncio.run(story()) >= 3
    assert heard == [good]


def datagrams(host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((host, port))
    opened.settimeout(5)
    return opened
