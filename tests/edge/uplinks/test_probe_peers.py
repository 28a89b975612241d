"""Probes of every kind against real peers on the loopback: right, wrong, silent and hostile ones."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import subprocess
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeTarget
from edge.uplinks.probe_cost import probe_bytes
from edge.uplinks.probes import Failure, ProbeSockets, Volume
from hil.rig.virtual.responders import answer_datagrams, answer_http, dns, echo, sip_options

pytestmark = pytest.mark.town  # binds to a device: needs root

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def target(kind: str, **settings: Any) -> ProbeTarget:
    return ProbeTarget.model_validate({"kind": kind, "host": HERE, **settings})


async def ask(
    target: ProbeTarget, *, interface: str = "lo", seconds: float = 3.0, volume: Volume | None = None
) -> Failure | None:
    """Ask once; None: answered."""
    done: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()

    def settle(result: Failure | None) -> None:
        if not done.done():
            done.set_result(result)

    sockets = ProbeSockets(
        interface,
        (target,),
        lambda _number, _target, _age: settle(None),
        lambda _number, _target, failure: settle(failure),
        volume,
    )
    sockets.send(1, (target,))
    try:
        return await asyncio.wait_for(done, seconds)
    except TimeoutError:
        return Failure(ProbeOutcome.TIMEOUT, "")
    finally:
        sockets.close()


async def serve(talk: Talk, context: ssl.SSLContext | None = None) -> int:
    """A TCP server for one test; its port."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(guarded, HERE, 0, ssl=context)
    return int(server.sockets[0].getsockname()[1])


def says(answer: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()
        await asyncio.sleep(1)

    return talk


NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@pytest.fixture
def port() -> int:
    """A port that is free for UDP and, most likely, for TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((HERE, 0))
        return int(opened.getsockname()[1])


def outcome(story: Awaitable[Failure | None]) -> ProbeOutcome:
    failure = asyncio.run(story)  # type: ignore[arg-type]
    return ProbeOutcome.ANSWERED if failure is None else failure.outcome


def test_a_name_server_answers(port: int) -> None:
    async def story() -> Failure | None:
        await answer_datagrams(HERE, port, dns({"sonde.example": "192.0.2.80"}.get))
        return await ask(target("dns", port=port, query="sonde.example", expect=["192.0.2.80"]))

    assert outcome(story()) is ProbeOutcome.ANSWERED


def test_a_lying_name_server_does_not(port: int) -> None:
    async def story() -> Failure | None:
        await answer_datagrams(HERE, port, dns(lambda _name: "203.0.113.66"))
        return await ask(target("dns", port=port, query="sonde.example", expect=["192.0.2.80"]))

    assert asyncio.run(story()) == Failure(ProbeOutcome.WRONG, "203.0.113.66")


def test_an_answer_from_another_address_is_nothing(port: int) -> None:
    async def story() -> Failure | None:
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(ELSEWHERE, port))
        name_server = dns(lambda _name: "192.0.2.80")

        class Asked(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
                stranger.sendto(name_server(data), source)

        await loop.create_datagram_endpoint(Asked, local_addr=(HERE, port))
        return await ask(target("dns", port=port, query="sonde.example"), seconds=1)

    assert outcome(story()) is ProbeOutcome.TIMEOUT


def test_two_targets_at_one_address_and_port_are_told_apart(port: int) -> None:
    async def story() -> set[str | None]:
        await answer_datagrams(HERE, port, dns({"one.example": "192.0.2.1", "two.example": "192.0.2.2"}.get))
        asked = tuple(
            target("dns", port=port, query=f"{name}.example", expect=[address])
            for name, address in (("one", "192.0.2.1"), ("two", "192.0.2.2"))
        )
        answered: set[str | None] = set()
        sockets = ProbeSockets("lo", asked, lambda _number, target, _age: answered.add(target.query))
        sockets.send(1, asked)
        for _ in range(50):
            if len(answered) == len(asked):
                break
            await asyncio.sleep(0.05)
        sockets.close()
        return answered

    assert asyncio.run(story()) == {"one.example", "two.example"}


def test_a_sip_server_answers(port: int) -> None:
    async def story() -> Failure | None:
        await answer_datagrams(HERE, port, sip_options)
        return await ask(target("sip", port=port))

    assert outcome(story()) is ProbeOutcome.ANSWERED


@pytest.mark.parametrize("kind", ["dns", "sip", "udp"])
def test_floods_of_garbage_are_no_answer(kind: str, port: int) -> None:
    async def story() -> Failure | None:
        await answer_datagrams(HERE, port, lambda data: data[::-1] * 700)
        settings = {"query": "sonde.example"} if kind == "dns" else {}
        return await ask(target(kind, port=port, **settings), seconds=0.6)

    assert outcome(story()) is ProbeOutcome.TIMEOUT


def test_a_page_with_the_expected_text(port: int) -> None:
    async def story() -> Failure | None:
        await answer_http(HERE, port, b"repli-ok")
        return await ask(target("http", port=port, expect_text="repli-ok"))

    assert outcome(story()) is ProbeOutcome.ANSWERED


def test_a_captive_portal_is_wrong(port: int) -> None:
    async def story() -> Failure | None:
        await answer_http(HERE, port, b"<title>Portail</title>")
        return await ask(target("http", port=port))

    assert asyncio.run(story()) == Failure(ProbeOutcome.WRONG, "HTTP/1.1 200 OK")


def test_nobody_there_is_refused(port: int) -> None:
    for kind in ("tcp", "http"):
        assert outcome(ask(target(kind, port=port))) is ProbeOutcome.REFUSED


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


def test_a_target_that_floods_keeps_no_other_from_being_heard(port: int) -> None:
    """Thousands of datagrams come from the address and port that were asked; another target's answer comes through."""

    async def story() -> tuple[int, float]:
        loop = asyncio.get_running_loop()
        flooding, _ = await loop.create_datagram_endpoint(lambda: Flood(20_000), local_addr=(HERE, port))
        await answer_datagrams(ELSEWHERE, port, echo)
        flood, good = (
            target("udp", port=port),
            ProbeTarget.model_validate({"kind": "udp", "host": ELSEWHERE, "port": port}),
        )
        heard: list[ProbeTarget] = []
        sockets = ProbeSockets("lo", (flood, good), lambda _number, asked, _age: heard.append(asked))
        longest, before = 0.0, loop.time()
        for number in range(1, 21):
            sockets.send(number, (flood, good))
            await asyncio.sleep(0.05)
            longest, before = max(longest, loop.time() - before), loop.time()
        sockets.close()
        flooding.close()
        return heard.count(good), longest

    answered, longest = asyncio.run(story())
    assert answered >= 10
    assert longest < 2


class Flood(asyncio.DatagramProtocol):
    """Sends so many datagrams to whoever asks, a few each time the loop comes round."""

    def __init__(self, left: int) -> None:
        self._left = left

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        self._send(data, source)

    def _send(self, data: bytes, source: tuple[str, int]) -> None:
        for _ in range(min(100, self._left)):
            self._transport.sendto(data[::-1] * 60, source)
        self._left -= 100
        if self._left > 0:
            asyncio.get_running_loop().call_soon(self._send, data, source)


def test_an_interface_that_is_not_there_is_said() -> None:
    for kind, settings in (("icmp", {}), ("sip", {}), ("http", {})):
        assert outcome(ask(target(kind, **settings), interface="no-such-thing")) is ProbeOutcome.UNSENT


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server with a certificate that nobody vouches for."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=www.example", "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
        timeout=30,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return context


def test_https_answers_although_nobody_vouches_for_its_certificate(certificate: ssl.SSLContext) -> None:
    async def story() -> Failure | None:
        return await ask(target("https", port=await serve(says(NO_CONTENT), certificate)))

    assert asyncio.run(story()) is None


def test_verified_https_does_not(certificate: ssl.SSLContext) -> None:
    async def story() -> Failure | None:
        port = await serve(says(NO_CONTENT), certificate)
        return await ask(target("https", port=port, host_name="www.example", verify_tls=True))

    failure = asyncio.run(story())
    assert failure is not None
    assert (failure.outcome, failure.got) == (ProbeOutcome.WRONG, "TLS: CERTIFICATE_VERIFY_FAILED")


def test_a_portal_behind_https_is_wrong(certificate: ssl.SSLContext) -> None:
    async def story() -> Failure | None:
        port = await serve(says(b"HTTP/1.1 200 OK\r\n\r\n<title>Portail</title>"), certificate)
        return await ask(target("https", port=port, expect_text="repli-ok"))

    failure = asyncio.run(story())
    assert failure == Failure(ProbeOutcome.WRONG, "HTTP/1.1 200 OK <title>Portail</title>")


def test_what_speaks_no_tls_is_wrong() -> None:
    async def story() -> Failure | None:
        async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(1)

        return await ask(target("https", port=await serve(talk)))

    assert outcome(story()) is ProbeOutcome.WRONG


def test_the_bytes_of_a_datagram_are_counted_with_their_headers(port: int) -> None:
    async def story() -> Volume:
        volume = Volume()
        await answer_datagrams(HERE, port, echo)
        await ask(target("udp", port=port), volume=volume)
        await ask(target("icmp"), volume=volume)
        return volume

    volume = asyncio.run(story())
    assert (volume.sent, volume.received) == (44 + 44, 44 + 44)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "icmp"},
        {"kind": "udp"},
        {"kind": "dns", "query": "sonde.example"},
        {"kind": "sip"},
        {"kind": "tcp"},
        {"kind": "http", "expect_text": "repli-ok"},
    ],
)
def test_what_a_probe_is_assumed_to_cost_is_no_less_than_it_does(asked: dict[str, str], port: int) -> None:
    async def story() -> tuple[Failure | None, Volume]:
        replies = {"udp": echo, "dns": dns(lambda _name: "192.0.2.80"), "sip": sip_options}
        if asked["kind"] in replies:
            await answer_datagrams(HERE, port, replies[asked["kind"]])
        else:
            await answer_http(HERE, port, b"repli-ok")
        volume = Volume()
        return await ask(of_kind, volume=volume), volume

    of_kind = target(**asked, **({} if asked["kind"] == "icmp" else {"port": port}))
    failure, volume = asyncio.run(story())
    assert failure is None
    assert 0.2 * probe_bytes(of_kind) < volume.total <= probe_bytes(of_kind)
    assert volume.probes == 1


def test_https_costs_about_what_is_assumed(certificate: ssl.SSLContext) -> None:
    async def story() -> tuple[ProbeTarget, Volume]:
        volume = Volume()
        asked = target("https", port=await serve(says(NO_CONTENT), certificate))
        await ask(asked, volume=volume)
        return asked, volume

    asked, volume = asyncio.run(story())
    assert 0.3 * probe_bytes(asked) < volume.total <= probe_bytes(asked)
