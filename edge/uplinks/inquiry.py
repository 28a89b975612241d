"""Asking every target once, now, because a person wants to know: `repli uplinks probe`. Beside the rounds of probes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from edge.shared.clock import Clock
from edge.shared.messages.uplinks import LinkProbed, ProbeOutcome, TargetProbed
from edge.shared.model import Link, ProbeTarget, UplinksSection
from edge.uplinks.probe_volume import VolumeBook
from edge.uplinks.probes import Failure, ProbeSockets
from edge.uplinks.view import targets_of

WAIT_SECONDS = 2.5  # for all targets together: as long as the slowest kind is given
METERED_EVERY_S = 60  # a page that asks every second must not use up a data plan

_NUMBER = 1  # each inquiry has sockets and tokens of its own, and one round


class Inquiries:
    """One at a time, whoever asks."""

    def __init__(self, volumes: VolumeBook, clock: Clock) -> None:
        self._volumes = volumes
        self._clock = clock
        self._turn = asyncio.Lock()
        self._asked_ns: dict[str, int] = {}  # when a metered link was last asked

    async def ask(self, section: UplinksSection, only: str | None) -> list[LinkProbed]:
        """Ask every target of these links, all in parallel."""
        links = [link for link in section.links if only in (None, link.name)]
        async with self._turn:
            return list(await asyncio.gather(*(self._ask_link(link, targets_of(section, link)) for link in links)))

    async def _ask_link(self, link: Link, targets: tuple[ProbeTarget, ...]) -> LinkProbed:
        wait_s = self._wait_s(link)
        if wait_s:
            return LinkProbed(link=link.name, interface=link.interface, targets=[], wait_s=wait_s)
        if link.metered:
            self._asked_ns[link.name] = self._clock.monotonic_ns()
        inquiry = _Inquiry(targets, self._clock)
        sockets = ProbeSockets(
            link.interface, targets, inquiry.on_answer, inquiry.on_failure, self._volumes.of(link.name)
        )
        try:
            sockets.send(_NUMBER, targets)
            await inquiry.wait()
        finally:
            sockets.close()
        return LinkProbed(link=link.name, interface=link.interface, targets=inquiry.results())

    def _wait_s(self, link: Link) -> int:
        asked_ns = self._asked_ns.get(link.name)
        if asked_ns is None or not link.metered:
            return 0
        return max(0, math.ceil(METERED_EVERY_S - (self._clock.monotonic_ns() - asked_ns) / 1e9))


class _Inquiry:
    """What becomes of one round of questions."""

    def __init__(self, targets: Sequence[ProbeTarget], clock: Clock) -> None:
        self._targets = targets
        self._clock = clock
        self._sent_ns = clock.monotonic_ns()
        self._rtts_ms: dict[ProbeTarget, float] = {}
        self._failures: dict[ProbeTarget, Failure] = {}
        self._settled = asyncio.Event()
        self._look()

    def on_answer(self, _number: int, target: ProbeTarget, age_ns: int) -> None:
        """The right answer, also after a wrong one."""
        self._rtts_ms.setdefault(target, max(0, self._clock.monotonic_ns() - age_ns - self._sent_ns) / 1e6)
        self._look()

    def on_failure(self, _number: int, target: ProbeTarget, failure: Failure) -> None:
        """Something else; the first of it is shown."""
        self._failures.setdefault(target, failure)
        self._look()

    async def wait(self) -> None:
        """Return once every target has said something, or it is too late."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            return

    def results(self) -> list[TargetProbed]:
        """In the order of the settings."""
        return [self._result(target) for target in self._targets]

    def _result(self, target: ProbeTarget) -> TargetProbed:
        rtt_ms = self._rtts_ms.get(target)
        failure = self._failures.get(target, Failure(ProbeOutcome.TIMEOUT, ""))
        return TargetProbed(
            kind=target.kind,
            host=str(target.host),
            port=target.asked_port or None,
            outcome=failure.outcome if rtt_ms is None else ProbeOutcome.ANSWERED,
            rtt_ms=None if rtt_ms is None else round(rtt_ms, 2),
            got=failure.got if rtt_ms is None else "",
        )

    def _look(self) -> None:
        if all(target in self._rtts_ms or target in self._failures for target in self._targets):
            self._settled.set()
