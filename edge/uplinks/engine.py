"""Turns what the kernel and the probes say into decisions, and decisions into deeds, one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from edge.shared import timex
from edge.shared.clock import Clock, utc_text
from edge.shared.faults import Fault
from edge.shared.messages import uplinks as messages
from edge.shared.messages.common import Issue
from edge.shared.messages.uplinks import (
    Override,
    OverrideParams,
    SwitchCause,
    SwitchEvidence,
    UplinksState,
)
from edge.shared.model import UplinksSection
from edge.uplinks import decision, evidence, overrides, plan, rulebook, situation, sysctl, view
from edge.uplinks.announcer import Announcer
from edge.uplinks.applier import Applier
from edge.uplinks.budget.keeper import BudgetKeeper
from edge.uplinks.dhcp import Lease
from edge.uplinks.facts import Facts
from edge.uplinks.health import Presence
from edge.uplinks.history import History
from edge.uplinks.kernel import KernelRefused, has_carrier
from edge.uplinks.plan import Interface
from edge.uplinks.probe_volume import VolumeBook
from edge.uplinks.probers import Probers
from edge.uplinks.situation import (
    Flush,
    Move,
    PresenceChanged,
    PresencesRead,
    QualityMeasured,
    RoundEnded,
    SetPace,
    State,
    Tick,
    WishesChanged,
)
from edge.uplinks.strangers import Stranger
from edge.uplinks.view import Since
from edge.uplinks.wish_book import WishBook

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
READ_ANEW_SECONDS = 4.0  # in case a message of the kernel was lost, and to try again what it refused
FOREIGN_SHOWN = timedelta(hours=1)  # how long it is said that somebody else changed something
GATHER_SECONDS = 0.02  # changes come in bunches: one reading for all of them


@dataclass(frozen=True)
class _FlagsChanged:
    index: int
    flags: int


@dataclass(frozen=True)
class _ReadAnew:
    pass


@dataclass(frozen=True)
class _Adopt:
    section: UplinksSection
    leases: Mapping[str, Lease]


@dataclass(frozen=True)
class _Measured:
    link: str


_Item: TypeAlias = situation.Event | _Measured | _FlagsChanged | _ReadAnew | _Adopt


class Engine:
    """The heart of the daemon. Everything goes through one queue, so that no deed overtakes another."""

    def __init__(
        self,
        applier: Applier,
        history: History,
        wishes: WishBook,
        volumes: VolumeBook,
        budget: BudgetKeeper,
        clock: Clock,
    ) -> None:
        self.section = UplinksSection()
        self.leases: Mapping[str, Lease] = {}
        self.settings_refused: list[Fault] = []
        self.strangers: frozenset[Stranger] = frozenset()  # in the zones, as the watch last heard them
        self._applier = applier
        self._history = history
        self._wishes = wishes
        self._budget = budget
        self._clock = clock
        self._state: State = situation.initial(rulebook.rules(self.section), None)
        self._in_force: UplinksSection | None = None
        self._interfaces: dict[str, Interface] = {}
        self._probers = Probers(volumes, clock, self._round_ended, self._measured)
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()
        self._reading: asyncio.TimerHandle | None = None
        self._since = Since()
        self._interfaces_moved = False  # since everything was last read: what then differs is the kernel's own doing
        self._foreign: dict[str, datetime] = {}  # what somebody else changed in the kernel, and when it was put back
        self.announcer = Announcer(self.uplinks_state())

    def flags_changed(self, index: int, flags: int) -> None:
        """The kernel's word on an interface, straight from the monitor: carrier loss takes this way."""
        self._queue.put_nowait(_FlagsChanged(index, flags))

    def carrier_lost(self, name: str) -> None:
        """The device's word on an interface that was asked, before the kernel says it by itself."""
        interface = self._interfaces.get(name)
        if interface is not None and interface.carrier:
            self._queue.put_nowait(_FlagsChanged(interface.index, 0))
            self.something_changed()  # of a cable that is back at once the kernel tells up to a second later

    def something_changed(self) -> None:
        """Have addresses, routes and rules read anew, soon."""
        if self._reading is None:
            loop = asyncio.get_running_loop()
            self._reading = loop.call_later(GATHER_SECONDS, self._queue.put_nowait, _ReadAnew())

    def adopt(self, section: UplinksSection, leases: Mapping[str, Lease]) -> None:
        """Put settings in force, with the addresses that leases (by link) give, after what is under way."""
        self._queue.put_nowait(_Adopt(section, leases))

    async def begin(self) -> None:
        """Put in force the settings adopted so far: who asks after that is told of every link of them."""
        while self._in_force is None and not self._queue.empty():
            await self._handle(self._queue.get_nowait())
            self._publish()

    async def run(self) -> None:
        """Work for ever."""
        ticker = asyncio.create_task(self._tick(), name="ticker")
        try:
            while True:
                await self._handle(await self._queue.get())
                self._publish()
        finally:
            ticker.cancel()
            self._probers.stop()

    def uplinks_state(self) -> UplinksState:
        """All links as they are now."""
        seen = view.Seen(self._interfaces, self._probers.figures(), self._shown_leases(), self._probers.spent())
        state = view.uplinks_state(self.section, self._state, seen, self._history.newest, self._since, self._now_text())
        return state.model_copy(update={"overrides": self.overrides()})

    def overrides(self) -> list[Override]:
        """What persons want of the links, as far as it has not expired."""
        return self._wishes.in_force(self._state.rules.links)

    async def override(self, params: OverrideParams) -> None:
        """Take a person's wish. Raises OSError when it cannot be kept; nothing is changed then."""
        await self._wishes.add(params)
        self._queue.put_nowait(Tick())

    async def release(self, link: str | None) -> None:
        """End the wish about a link, or all of them. Raises OSError when that cannot be kept."""
        await self._wishes.release(link)
        self._queue.put_nowait(Tick())

    def issues(self) -> list[Issue]:
        """Everything that somebody has to know or put right."""
        return view.issues(self._facts(), self._since)

    def _facts(self) -> Facts:
        return Facts(
            now=self._clock.now(),
            section=self.section,
            states=view.link_states(self._state),
            active=self._state.active,
            carrying=view.carrying(self._state),
            interfaces=self._interfaces,
            switches=self._history.recent,
            lost_in_row=self._probers.lost_in_row(),
            clock_synchronised=timex.synchronised(),
            refusals=self._applier.refusals | self._budget.refusals,
            probe_mb_month=self._probers.standby_mb_month(),
            budgets=self._budget.budgets(),
            flows=sysctl.flows(),
            budget_fault=self._budget.fault,
            history_fault=self._history.fault,
            settings_refused=self.settings_refused,
            overrides=self.overrides(),
            overrides_lost=self._wishes.damaged,
            isolation=self._applier.isolation.kept.isolation,
            isolation_fault=self._applier.isolation.fault,
            strangers=self.strangers,
            foreign_changes=self._recent_foreign(),
        )

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._queue.put_nowait(Tick())
            self._history.save()
            ticks += 1
            if ticks % int(READ_ANEW_SECONDS / TICK_SECONDS) == 0:
                self.something_changed()

    async def _handle(self, item: _Item) -> None:
        match item:
            case _FlagsChanged(index, flags):
                await self._on_flags(index, flags)
            case _ReadAnew():
                self._reading = None
                await self._read_anew()
            case _Adopt(section, leases):
                self.leases = leases
                if section != self._in_force:
                    await self._adopt(section)
                    self._in_force = section
            case _Measured(link):
                if ring := self._probers.ring(link):
                    await self._decide(QualityMeasured(link, *ring.halves()))
            case Tick():
                wishes = overrides.wishes(self.overrides())
                await self._decide(item if wishes == self._state.wishes else WishesChanged(wishes))
            case _:
                await self._decide(item)

    async def _on_flags(self, index: int, flags: int) -> None:
        self._interfaces_moved = True
        for link in self.section.links:
            interface = self._interfaces.get(link.interface)
            if interface is None or interface.index != index or interface.carrier == has_carrier(flags):
                continue
            interface = replace(interface, carrier=has_carrier(flags))
            self._interfaces[link.interface] = interface
            await self._decide(PresenceChanged(link.name, plan.presence(link, interface)))

    async def _read_anew(self) -> None:
        before = self._interfaces
        try:
            self._interfaces = await self._applier.interfaces(self.section)
        except KernelRefused:
            return  # noted as an issue, and tried again
        # Nothing that is known of a device, no socket bound to it either, holds for another that took its name.
        other_devices = plan.exchanged(self.section, before, self._interfaces)
        if other_devices:
            await self._decide(PresencesRead(self._present_but(other_devices)))
        foreign = set(await self._applier.settle(self.section, self._interfaces, self._state.active))
        if self._interfaces_moved:
            foreign.clear()
            self._interfaces_moved = False
        if await self._applier.verify(self.section, self._state.active):
            foreign.add("firewall")
        for what in foreign:
            log.warning("somebody else changed %s of ours in the kernel: put back", what)
            self._foreign[what] = self._clock.now()
        presences = self._presences(self.section)
        if any(presence is not self._state.health[name].presence for name, presence in presences.items()):
            await self._decide(PresencesRead(presences))

    async def _adopt(self, section: UplinksSection) -> None:
        try:
            interfaces = await self._applier.interfaces(section)
        except KernelRefused:
            interfaces = {}  # noted as an issue, and tried again
        state = self._state
        if state.active is None:
            active = await self._applier.active_before(section, interfaces)
            fresh = situation.initial(rulebook.rules(section), active)
            state = replace(decision.with_past(fresh, self._history.of_this_boot), removed=state.removed)
        # Settings and state change in one go: whoever asks while the kernel is read finds both old, not one of each.
        old, self.section, self._interfaces = self.section, section, interfaces
        kept = rulebook.links_that_stay(old, section)
        self._state = decision.adopt(state, rulebook.rules(section), self._presences(section), kept)
        self._probers.adopt(section, kept)
        await self._applier.adopt(section, self._interfaces, self._state.active)
        # With the wishes, not at the next tick: a forbidden link must not be the first one taken.
        await self._decide(WishesChanged(overrides.wishes(self.overrides())))
        self._note_switch_before_this_life()

    def _round_ended(self, link: str, answered: bool) -> None:
        self._queue.put_nowait(RoundEnded(link, answered))

    def _measured(self, link: str) -> None:
        if (ring := self._probers.ring(link)) and ring.newest:
            self._history.round_over(link, ring.newest)
        self._queue.put_nowait(_Measured(link))

    def _recent_foreign(self) -> dict[str, str]:
        shown_since = self._clock.now() - FOREIGN_SHOWN
        return {what: utc_text(at) for what, at in self._foreign.items() if at > shown_since}

    async def _decide(self, event: situation.Event) -> None:
        self._state, actions = decision.step(self._state, event, self._clock.monotonic_ns())
        for action in actions:
            match action:
                case Move():
                    await self._move(action)
                case Flush(link):
                    await self._applier.flush(plan.mark(self.section, link))
                case SetPace(link, pace):
                    self._probers.set_pace(link, pace)

    async def _move(self, move: Move) -> None:
        flushed = False
        if move.to_link is not None:
            link = next(link for link in self.section.links if link.name == move.to_link)
            await self._applier.send_by(self.section, self._interfaces[link.interface], link.name)
            if move.flush is not None:
                flushed = await self._applier.flush(plan.mark(self.section, move.flush), move.classes)
            self._applier.name_resolvers(self.section, move.to_link)
        switched_ns = self._clock.monotonic_ns()
        await self._applier.verify(self.section, self._state.active)
        self._record(replace(move, cause=await self._known_cause(move)), switched_ns, flushed=flushed)

    async def _known_cause(self, move: Move) -> SwitchCause:
        """The kernel takes an interface down before it takes it away: which of the two it was is known only now."""
        link = next((link for link in self.section.links if link.name == move.from_link), None)
        if link is None or move.cause not in (SwitchCause.CARRIER_LOST, SwitchCause.ADDRESS_LOST):
            return move.cause
        there = await self._applier.is_there(link.interface)
        return move.cause if there else SwitchCause.INTERFACE_GONE

    def _record(self, move: Move, switched_ns: int, *, flushed: bool) -> None:
        times = evidence.Times(self._clock.now(), self._clock.monotonic_ns(), switched_ns)
        switch = evidence.switch(self._history.next_seq, move, times, self._evidence(move.detected_ns), flushed=flushed)
        log.info("%s: %s -> %s", switch.cause, switch.from_link, switch.to_link)
        self._history.record(switch)

    def _evidence(self, detected_ns: int) -> SwitchEvidence:
        links = [link.name for link in self.section.links]
        lately = {link: self._history.lately(link, evidence.WINDOW_S) for link in links}
        return evidence.gather(links, self._state.health, view.link_states(self._state), lately, detected_ns)

    def _note_switch_before_this_life(self) -> None:
        """A life that ended between a switch and its record left the kernel ahead of the history."""
        newest = self._history.newest
        if self._state.active is None or (newest is not None and newest.to_link in (None, self._state.active)):
            return
        from_link = newest.to_link if newest else None
        now_ns = self._clock.monotonic_ns()
        self._record(Move(SwitchCause.START, from_link, self._state.active, now_ns), now_ns, flushed=False)

    def _presences(self, section: UplinksSection) -> dict[str, Presence]:
        return {link.name: plan.presence(link, self._interfaces.get(link.interface)) for link in section.links}

    def _present_but(self, gone: set[str]) -> dict[str, Presence]:
        known = {name: health.presence for name, health in self._state.health.items()}
        # In the middle of an exchange one name is another device's already, the other nobody's: no refuge either.
        nobodys = {link.name for link in self.section.links if link.interface not in self._interfaces}
        return known | dict.fromkeys(gone | nobodys, Presence.ABSENT)

    def _publish(self) -> None:
        addresses = {name: interface.addresses for name, interface in self._interfaces.items()}
        shown = (
            view.link_states(self._state),
            view.carrying(self._state),
            addresses,
            self.section,
            self.leases,
            {entry.request_id for entry in self.overrides()},
        )
        switch = self._history.newest.seq if self._history.newest else None
        self.announcer.offer(shown, switch, self.uplinks_state, self._clock.monotonic_ns())

    def _shown_leases(self) -> dict[str, messages.Lease]:
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        return {name: view.lease(lease, now, now_ns) for name, lease in self.leases.items()}

    def _now_text(self) -> str:
        return utc_text(self._clock.now())
