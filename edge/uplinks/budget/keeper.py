"""Reads the counters every few seconds, has bulk stopped where the data is used up, and keeps what was used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from edge.shared.clock import Clock
from edge.shared.messages.uplinks import BudgetResult, ClassUse, LinkBudget
from edge.shared.model import UplinksSection
from edge.uplinks.budget import decision
from edge.uplinks.budget.counters import Counters
from edge.uplinks.budget.decision import MEGABYTE, Counted, Direction, Rule
from edge.uplinks.budget.kept import KeptUse
from edge.uplinks.facts import Budget
from edge.uplinks.libnftables import FirewallRefused
from edge.uplinks.plan import FlowClass

log = logging.getLogger(__name__)

READ_EVERY_S = 5.0
RETRY_EVERY_S = 2.0  # while the kernel refuses the table
KEEP_EVERY = 12  # readings: once a minute, an SD card wears out by writes


class BudgetKeeper:
    """Depends on nothing but the kernel and its file; never cleans up on exit."""

    def __init__(
        self, counters: Counters, kept: KeptUse, clock: Clock, boot: str, disciplined: Callable[[], bool | None]
    ) -> None:
        self.refusals: dict[str, str] = {}
        self._counters = counters
        self._kept = kept
        self._clock = clock
        self._boot = boot
        self._disciplined = disciplined
        self._section = UplinksSection()
        self._state = kept.load()

    @property
    def fault(self) -> str | None:
        """Why what was used cannot be kept or read."""
        return self._kept.fault

    def adopt(self, section: UplinksSection) -> None:
        """Put settings in force."""
        if self._section.links:
            self._count()  # with the links as they were
        self._section = section
        self._state = replace(self._state, rules={link.name: _rule(section, link.name) for link in section.links})
        self._settle()
        self._count()

    async def run(self) -> None:
        """Work for ever."""
        readings = 0
        while True:
            await asyncio.sleep(RETRY_EVERY_S if self.refusals else READ_EVERY_S)
            self._count()
            if self.refusals:
                continue  # nothing was counted that could be kept
            readings += 1
            if readings % KEEP_EVERY == 0:
                await self._keep()

    async def close(self) -> None:
        """Count and keep what is left."""
        self._count()
        await self._keep()

    def budgets(self) -> dict[str, Budget]:
        """Every link that has one."""
        return {
            link: Budget(sum(decision.use(self._state, link).values()), rule.limit_bytes, rule.warn_percent)
            for link, rule in self._state.rules.items()
            if rule.limit_bytes is not None
        }

    def result(self) -> BudgetResult:
        """This month of every link."""
        self._count()
        return BudgetResult(links=[self._link(name) for name in self._state.rules if name in self._state.current])

    def _link(self, name: str) -> LinkBudget:
        rule, month, used = self._state.rules[name], self._state.current[name], decision.use(self._state, name)
        total = sum(used.values())
        return LinkBudget(
            link=name,
            month=month.isoformat(),
            next_month=decision.next_month(month).isoformat(),
            classes=[
                ClassUse(
                    flow_class=entry.name.lower(),
                    in_bytes=used.get((Direction.IN, entry), 0),
                    out_bytes=used.get((Direction.OUT, entry), 0),
                )
                for entry in FlowClass
            ],
            used_bytes=total,
            budget_bytes=rule.limit_bytes,
            level=decision.level(self._state, name),
            forecast_bytes=decision.forecast(total, month, self._clock.now()),
            stopped=[FlowClass.BULK.name.lower()] if name in self._state.stopped else [],
        )

    def _count(self) -> None:
        if not self._section.links:
            return
        try:
            counters = self._counters.read(self._section, self._state.stopped)
        except FirewallRefused as refused:
            self._refused(refused)
            return
        self.refusals.clear()
        event = Counted(self._boot, counters, bool(self._disciplined()))
        self._state, actions = decision.step(self._state, event, self._clock.now())
        for stop in actions:
            log.warning("the data is used up, bulk is refused by: %s", ", ".join(sorted(stop.links)) or "no link")
            self._settle()

    def _settle(self) -> None:
        if not self._section.links:
            return  # whoever takes the other traces away takes this table too
        try:
            self._counters.settle(self._section, self._state.stopped)
        except FirewallRefused as refused:
            self._refused(refused)

    def _refused(self, refused: FirewallRefused) -> None:
        if self.refusals.get("budget") != refused.reason:
            log.error("the counting table was refused: %s", refused.reason)
        self.refusals["budget"] = refused.reason

    async def _keep(self) -> None:
        if self._state.months:
            await asyncio.to_thread(self._kept.save, self._state)


def _rule(section: UplinksSection, name: str) -> Rule:
    link = next(link for link in section.links if link.name == name)
    limit = link.budget_mb * MEGABYTE if link.budget_mb is not None else None
    return Rule(link.budget_reset_day, limit, link.budget_warn_percent)
