"""All modems of the settings: started, stopped and changed with them, and helping each other out."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from datetime import timedelta

from edge.modem import checks
from edge.modem.facts import Facts, Seen
from edge.modem.gateways import Gateways
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.one_modem.keeper import Keeper
from edge.modem.port import lookout
from edge.modem.port.lookout import Lookout
from edge.modem.seldom import Seldom
from edge.modem.sending import estimate, severity
from edge.modem.sending.estimate import Sim
from edge.shared.checks import issue_of
from edge.shared.clock import utc_text
from edge.shared.messages.common import Issue
from edge.shared.messages.modem import EstimateParams, EstimateResult, Modem, ModemState, SimEstimate, SmsSeverity
from edge.shared.model import ModemDevice, ModemSection

log = logging.getLogger(__name__)

CARE_EVERY_S = 1.0
UNREADABLE_SHOWN_DAYS = 7.0
WIND_DOWN_S = 4.0  # a real submit takes 1 to 3 s


class Fleet:
    """The modems and the tasks that keep them."""

    def __init__(self, office: Office) -> None:
        self.gateways = Gateways(office)
        self._office = office
        office.routes.modems_ready = self._count_ready
        self._rules = ModemSection()
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lookout = Lookout()
        self._log = Seldom(log)
        self._first_seen: dict[tuple[str, str], str] = {}  # RFC 3339, by issue and subject

    async def apply(self, rules: ModemSection) -> None:
        """Follow the settings: a modem whose entry is unchanged is not disturbed."""
        wanted = {device.name: device for device in rules.devices}
        leaving = [name for name, keeper in self._keepers.items() if wanted.get(name) != keeper.device]
        # What is being handed over gets its answer first: who comes after it here may never see its report.
        await asyncio.gather(*(self._keepers[name].wind_down(WIND_DOWN_S) for name in leaving))
        for name in leaving:
            await self._stop(name)
        for name, device in wanted.items():
            if name in self._keepers:
                self._keepers[name].follow(rules)
            else:
                keeper = Keeper(device, rules, self._office)
                self._keepers[name] = keeper
                self._tasks[name] = asyncio.create_task(keeper.run(), name=f"modem {name}")
        self._rules = rules
        self._office.outbox.follow(rules)
        await self.gateways.apply(rules)

    async def care(self) -> None:
        """Now and then: end what is too old to be sent, hand on what an absent modem cannot send, show messages whose
        parts never came."""
        while True:
            try:
                self._office.age.look()
                for _ in self._office.expiry.end_due():
                    await asyncio.sleep(0)
                self._hand_on()
                self._office.inbox.show_incomplete()
            except sqlite3.Error as error:  # a full disk: all of it can wait
                self._log.warning("not kept", "nothing can be written: %s", error)
            self.gateways.care()
            for task in self._tasks.values():
                if task.done():
                    task.result()  # a keeper never ends: its exception is a defect that must be seen
            await asyncio.sleep(CARE_EVERY_S)

    async def look_out(self) -> None:
        """Now and then: see who else has the ports open."""
        while True:
            await self._lookout.run([device.device for device in self._rules.devices])
            await asyncio.sleep(lookout.EVERY_S)

    async def stop(self) -> None:
        """Let go of every port, after the answers to what is being handed over."""
        await asyncio.gather(
            self.gateways.stop(WIND_DOWN_S), *(keeper.wind_down(WIND_DOWN_S) for keeper in self._keepers.values())
        )
        for name in list(self._keepers):
            await self._stop(name)

    def estimate(self, params: EstimateParams) -> EstimateResult:
        """How long messages would take over the modems that are ready, over all of them when none is."""
        keepers = self._listed()
        ready = [keeper for keeper in keepers if keeper.state is ModemState.READY]
        sims = {keeper.device.name: self._sim(keeper, params.severity) for keeper in ready or keepers}
        parts = params.recipients * params.parts_each
        before = self._office.outbox.waiting(up_to=params.severity)
        at_work = list(sims.values())
        return EstimateResult(
            parts=parts,
            parts_before=before,
            minutes=estimate.minutes(parts + before, at_work),
            too_late=estimate.too_late(
                params.recipients, parts, before, severity.wait(self._rules, params.severity), at_work
            ),
            over_limit=estimate.over_limit(params.recipients, at_work),
            over_usual=estimate.over_usual(params.recipients, at_work),
            sims=[
                SimEstimate(
                    modem=name,
                    ready=bool(ready),
                    part_s=round(sim.part_s, 2),
                    at_once=sim.at_once,
                    per_minute=sim.per_minute,
                    recipients_this_month=sim.recipients,
                    recipients_left=None if sim.cap is None else max(0, sim.cap - sim.recipients),
                )
                for name, sim in sims.items()
            ],
        )

    def _sim(self, keeper: Keeper, each: SmsSeverity) -> Sim:
        allowance, wanted = self._office.allowance, severity.pacing(self._rules, each)
        return Sim(
            part_s=keeper.part_s,
            at_once=allowance.left_at_once(keeper.sim, each, self._rules),
            per_minute=None if wanted is None else wanted[1],
            recipients=allowance.recipients(keeper.sim),
            cap=keeper.device.recipients_per_month,
        )

    def keepers(self) -> list[Keeper]:
        """Each modem of the settings, in their order."""
        return self._listed()

    def keeper(self, name: str | None) -> Keeper | None:
        """The modem of this name; of none, the first that is ready, else the first."""
        if name is not None:
            return self._keepers.get(name)
        keepers = self._listed()
        ready = (keeper for keeper in keepers if keeper.state is ModemState.READY)
        return next(ready, next(iter(keepers), None))

    def modems(self) -> list[Modem]:
        """All modems as they are now, in the order of the settings."""
        queued = self._office.outbox.waiting()
        return [
            Modem(
                name=keeper.device.name,
                device=keeper.device.device,
                state=keeper.state,
                manufacturer=keeper.about.manufacturer,
                model=keeper.about.model,
                signal_dbm=keeper.about.signal_dbm,
                registered=keeper.about.registered,
                operator=keeper.about.operator,
                queued=queued,
            )
            for keeper in self._listed()
        ]

    def seen(self) -> list[tuple[ModemDevice, Seen]]:
        """Each modem of the settings, and as the checks look at it."""
        return [(keeper.device, keeper.seen()) for keeper in self._listed()]

    def issues(self) -> list[Issue]:
        """What is wrong now, each with the moment it was first seen."""
        facts = Facts(
            self._office.clock.now(),
            self._rules,
            [keeper.seen(self._lookout.last.others.get(keeper.device.device, ())) for keeper in self._keepers.values()],
            self._office.inbox.unreadable_since(UNREADABLE_SHOWN_DAYS),
            self.gateways.seen(),
            grabbers=self._lookout.last.grabbers,
        )
        now = utc_text(facts.now)
        found = [(check, finding, (check.ISSUE, finding.subject)) for check, finding in checks.found(facts)]
        self._first_seen = {key: self._first_seen.get(key, now) for _, _, key in found}
        return [issue_of(check, finding, self._first_seen[key]) for check, finding, key in found]

    def _count_ready(self) -> int:
        return sum(keeper.state is ModemState.READY for keeper in self._keepers.values())

    def _hand_on(self) -> None:
        """Only while another way is open: a report that waits in the absent one may still spare a second sending."""
        if not self._office.routes.any_open():
            return
        window = timedelta(seconds=self._rules.report_window_s)
        now = monotonic()
        for name, keeper in self._keepers.items():
            if keeper.state is ModemState.READY or now - keeper.away_since < window.total_seconds():
                continue
            self._give_away(name, timedelta(0))  # what was uncertain when it went away waited as long as it is away
        for name in self._office.dispatch.bound_modems() - self._keepers.keys() - self.gateways.names():
            self._give_away(name, window)

    def _listed(self) -> list[Keeper]:
        """The modems in the order of the settings; while new ones are applied, those that are there already or still."""
        keepers = (self._keepers.get(device.name) for device in self._rules.devices)
        return [keeper for keeper in keepers if keeper is not None]

    def _give_away(self, name: str, window: timedelta) -> None:
        self._office.settling.resend_unreported(name, window, None)
        moved = self._office.dispatch.hand_to_others(name)
        if moved:
            log.warning("%s is away: %d messages are left to the other modems", name, moved)

    async def _stop(self, name: str) -> None:
        task = self._tasks.pop(name)
        self._keepers.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
