"""The engine: a cycle that picks what is due and hands over what waits, and a reader of the modem daemon's news.

Nothing is remembered here: what is due or waits is a row, so a killed engine goes on at the same row.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from edge.alerts.ledger import CampaignLedger, Waiting
from edge.alerts.modem_link import ModemLink, ModemRefused
from edge.alerts.progress import Progress
from edge.shared.clock import Clock
from edge.shared.messages.modem import ModemEvent
from edge.shared.varlink import Unreachable

log = logging.getLogger(__name__)

CYCLE_MAX = 1.0  # seconds; the wall clock may jump, so no sleep is trusted for longer
REMINDERS_AT_ONCE = 500  # rows of one transaction
HAND_OVER_AT_ONCE = 50  # messages between two looks at what is due

Changed = Callable[[set[int]], None]


class Engine:
    """Brings campaigns forward."""

    def __init__(
        self,
        ledger: CampaignLedger,
        progress: Progress,
        link: ModemLink,
        clock: Clock,
        changed: Changed,
    ) -> None:
        self._ledger = ledger
        self._progress = progress
        self._link = link
        self._clock = clock
        self._changed = changed
        self._wake = asyncio.Event()
        self.country_code = "33"

    def wake(self) -> None:
        """Something may wait."""
        self._wake.set()

    async def run(self) -> None:
        """Cycle for ever."""
        while True:
            self._wake.clear()
            if await self.cycle():
                continue
            try:
                async with asyncio.timeout(self._rest()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def cycle(self) -> bool:
        """Hand over what waits and queue the reminders that are due. Returns whether more can be done at once.

        Reminders wait until the replies that came while nobody watched are read: who answered is not reminded.
        """
        more = await self._hand_over(self._ledger.waiting_firsts(HAND_OVER_AT_ONCE))
        if not self._link.caught_up:
            return more
        changed = self._progress.remind(self._clock.now(), REMINDERS_AT_ONCE)
        if changed:
            self._changed(changed)
        return await self._hand_over(self._ledger.waiting_reminders(HAND_OVER_AT_ONCE)) or more or bool(changed)

    async def read_news(self) -> None:
        """Apply what the modem daemon tells, for ever."""
        async for batch in self._link.events(self._progress.cursors):
            self.absorb(batch)

    def absorb(self, batch: list[ModemEvent]) -> None:
        """Apply a batch of news; what became of messages counts before the replies to them."""
        batch.sort(key=lambda event: event.inbound is not None)
        changed = self._progress.absorb(batch, self.country_code, self._clock.now())
        if changed:
            self._changed(changed)
            self.wake()

    async def _hand_over(self, waiting: list[Waiting]) -> bool:
        taken: list[Waiting] = []
        try:
            for message in waiting:
                try:
                    await self._link.send(message)
                    taken.append(message)
                except ModemRefused as refused:
                    log.warning("%s refused by the modem daemon: %s", message.request_id, refused.name)
                    self._changed(self._progress.refuse(message, refused.name, self._clock.now()))
        except Unreachable as error:
            log.debug("messages wait: %s", error)
            return False
        finally:
            # Lost by a kill before here: the same request_id is handed over again, and is once the deed.
            if taken:
                self._ledger.taken(taken)
        return len(waiting) == HAND_OVER_AT_ONCE

    def _rest(self) -> float:
        due = self._progress.next_due()
        if due is None:
            return CYCLE_MAX
        until = (datetime.fromisoformat(due) - self._clock.now()).total_seconds()
        return min(max(until, 0.0), CYCLE_MAX)
