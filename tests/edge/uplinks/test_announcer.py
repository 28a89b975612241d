"""What watchers are told, and how often at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.uplinks.announcer import Announcer

MS = 10**6
S = 10**9


def state(link: UplinkState = UplinkState.UP, *, active: str = "fibre", rtt_ms: float = 10.0) -> UplinksState:
    fibre = Uplink(
        name="fibre", interface="eth0", kind="fibre", state=link, active=True, metered=False, rtt_ms=rtt_ms, since=""
    )
    return UplinksState(active=active, uplinks=[fibre])


class Told:
    """Hears what an announcer says, at which time."""

    def __init__(self) -> None:
        self.announcer = Announcer(state())
        self.now_ns = 1000 * S
        self.heard: list[tuple[int, UplinksState]] = []
        self._before = self.announcer.broadcast.state

    def offer(self, now_ms: float, shown: UplinksState, *, switch: int = 1) -> None:
        now_ns = self.now_ns + int(now_ms * MS)
        key = (shown.uplinks[0].state, shown.active)
        self.announcer.offer(key, switch, lambda: shown, now_ns)
        if self.announcer.broadcast.state is not self._before:
            self._before = self.announcer.broadcast.state
            self.heard.append((int(now_ms), self._before))


def test_a_change_is_told_at_once() -> None:
    told = Told()
    told.offer(0, state())
    told.offer(150, state(UplinkState.SUSPECT))
    assert [(at, heard.uplinks[0].state) for at, heard in told.heard][-1] == (150, UplinkState.SUSPECT)


def test_a_switch_is_never_held_back() -> None:
    told = Told()
    told.offer(0, state())
    told.offer(150, state(UplinkState.SUSPECT))
    told.offer(151, state(UplinkState.DOWN, active="lte"), switch=2)
    assert told.heard[-1] == (151, state(UplinkState.DOWN, active="lte"))


def test_a_state_that_flickers_is_told_ten_times_a_second_at_most_and_its_last_word_always() -> None:
    told = Told()
    flickering = [UplinkState.UP, UplinkState.SUSPECT]
    for tick in range(6000):  # a minute, a change every 10 ms
        told.offer(tick * 10, state(flickering[tick % 2]))
    assert 500 <= len(told.heard) <= 601
    told.offer(60_000, state(UplinkState.DOWN))
    told.offer(60_500, state(UplinkState.DOWN))  # the engine's tick
    assert told.heard[-1][1].uplinks[0].state is UplinkState.DOWN


def test_new_figures_are_told_every_five_seconds() -> None:
    told = Told()
    for tick in range(600):  # a minute of rounds of probes
        told.offer(tick * 100, state(rtt_ms=10 + tick / 100))
    assert 11 <= len(told.heard) <= 13
    assert [after - before for (before, _), (after, _) in zip(told.heard[1:], told.heard[2:], strict=False)] == [
        5000
    ] * (len(told.heard) - 2)


def test_nothing_new_is_nothing_told() -> None:
    told = Told()
    told.offer(0, state())
    before = len(told.heard)
    for tick in range(600):
        told.offer(tick * 100, state())
    assert len(told.heard) == before


def test_a_watcher_has_the_whole_at_once_and_then_the_changes() -> None:
    async def story() -> None:
        told = Told()
        told.offer(0, state())
        watching: AsyncIterator[UplinksState] = told.announcer.broadcast.watch()
        assert (await anext(watching)).uplinks[0].state is UplinkState.UP
        told.offer(200, state(UplinkState.DOWN))
        assert (await anext(watching)).uplinks[0].state is UplinkState.DOWN

    asyncio.run(story())
