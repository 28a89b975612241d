"""Probes of every kind against real peers on the loopback: right, wrong and silent ones, and what each costs."""

from __future__ import annotations

import asyncio

import pytest

from edge.shared.messages.uplinks import ProbeOutcome
from edge.uplinks.probe_cost import probe_bytes
from edge.uplinks.probes import Failure, ProbeSockets, Volume
from hil.rig.virtual.responders import answer_datagrams, answer_http, dns, echo, sip_options
from tests.edge.uplinks.probed import ELSEWHERE, HERE, ask, outcome, target

pytestmark = pytest.mark.town  # binds to a device: needs root


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


def test_an_interface_that_is_not_there_is_said() -> None:
    for kind, settings in (("icmp", {}), ("sip", {}), ("http", {})):
        assert outcome(ask(target(kind, **settings), interface="no-such-thing")) is ProbeOutcome.UNSENT


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
