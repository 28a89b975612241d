"""Rounds against a real echo service on the loopback, which answers late, wrongly, twice or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from edge.shared.clock import SystemClock
from edge.shared.model import Link, ProbeKind, ProbeTarget
from edge.uplinks.prober import LinkProber
from edge.uplinks.probes import Volume
from edge.uplinks.situation import Pace

pytestmark = pytest.mark.town  # binds to a device: needs root

Answer = Callable[[bytes], list[tuple[float, bytes]]]  # what is sent back, and after how many seconds


class Echo(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        for delay, payload in self.answer(data):
            asyncio.get_running_loop().call_later(delay, self.transport.sendto, payload, source)  # type: ignore[attr-defined]


def rounds(answer: Answer, *, seconds: float, interface: str = "lo", silent: int = 0, quorum: int = 1) -> list[bool]:
    """The outcome of every round of so many seconds, in the order in which they ended. silent: targets more, that are."""

    async def story() -> list[bool]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Echo(answer), local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        target = ProbeTarget(kind=ProbeKind.UDP, host=IPv4Address("127.0.0.1"), port=port)
        mute = [
            ProbeTarget(kind=ProbeKind.UDP, host=IPv4Address("127.0.0.1"), port=number + 1) for number in range(silent)
        ]
        ended: list[bool] = []
        link = Link(name="here", interface=interface, interval_ms=100)
        prober = LinkProber(
            link,
            (target, *mute),
            quorum,
            SystemClock(),
            lambda _link, answered: ended.append(answered),
            lambda _link: None,
            Volume(),
        )
        prober.set_pace(Pace.STEADY)
        await asyncio.sleep(seconds)
        prober.stop()
        transport.close()
        return ended

    return asyncio.run(story())


def test_every_answered_round_counts_once() -> None:
    ended = rounds(lambda data: [(0, data), (0, data)], seconds=1.05)
    assert 5 <= len(ended) <= 11
    assert all(ended)


def test_silence_is_lost_rounds() -> None:
    ended = rounds(lambda _data: [], seconds=2)
    assert len(ended) >= 5
    assert not any(ended)


def test_a_stranger_s_answer_never_counts() -> None:
    ended = rounds(lambda data: [(0, b"x" * len(data)), (0, data[:-4]), (0, data[:4] + data)], seconds=1.5)
    assert ended
    assert not any(ended)


def test_a_late_answer_never_counts() -> None:
    assert not any(rounds(lambda data: [(1.2, data)], seconds=2.5))


def test_an_answer_that_is_late_but_comes_is_a_sign_of_life() -> None:
    """A queue that fills up is not a cut line: the round that was lost is made good, and the wait grows."""
    ended = rounds(lambda data: [(0.4, data)], seconds=3)
    assert ended.count(False) <= 8
    assert all(ended[-5:])


def test_a_round_below_the_quorum_is_lost() -> None:
    assert not any(rounds(lambda data: [(0, data)], seconds=2.5, silent=1, quorum=2))
    assert all(rounds(lambda data: [(0, data)], seconds=1, silent=1, quorum=1))


def test_an_interface_that_is_not_there_is_lost_rounds() -> None:
    ended = rounds(lambda data: [(0, data)], seconds=1.5, interface="no-such-thing")
    assert ended
    assert not any(ended)


def test_a_paid_link_that_stands_by_asks_one_target_at_a_time_in_turn() -> None:
    async def story() -> list[list[int]]:
        loop = asyncio.get_running_loop()
        asked: list[list[int]] = []  # by round: the places of the targets
        targets, transports = [], []
        for place in range(3):

            def answer(data: bytes, place: int = place) -> list[tuple[float, bytes]]:
                asked.append([int.from_bytes(data[-4:], "big"), place])
                return [(0, data)]

            transport, _ = await loop.create_datagram_endpoint(lambda a=answer: Echo(a), local_addr=("127.0.0.1", 0))
            transports.append(transport)
            port = transport.get_extra_info("sockname")[1]
            targets.append(ProbeTarget(kind=ProbeKind.UDP, host=IPv4Address("127.0.0.1"), port=port))
        link = Link(name="here", interface="lo", metered=True, standby_interval_ms=50)
        prober = LinkProber(
            link, tuple(targets), 2, SystemClock(), lambda _link, _answered: None, lambda _link: None, Volume()
        )
        prober.set_pace(Pace.STANDBY)
        await asyncio.sleep(1)
        prober.stop()
        for transport in transports:
            transport.close()
        return asked

    asked = asyncio.run(story())
    numbers = [number for number, _ in asked]
    assert len(numbers) >= 6
    assert numbers == sorted(set(numbers))  # one target a round
    assert {place for _, place in asked[:3]} == {0, 1, 2}
