"""The cycle of voice: look at Kamailio, decide, tell it. Calls never wait for this; without it Kamailio goes on alone."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from edge.shared.broadcast import Broadcast
from edge.shared.checks import issue_of
from edge.shared.clock import Clock, utc_text
from edge.shared.faults import Fault
from edge.shared.messages.common import Issue
from edge.shared.messages.voice import ModeResult, Phone, VoiceMode
from edge.shared.messages.voice_explain import ExplainParams, ExplainResult
from edge.shared.messages.voice_redirects import CancelParams, RedirectParams
from edge.shared.messages.voice_trunks import TrunkState
from edge.shared.model.voice import VoiceSection
from edge.shared.varlink_idl import ErrorReply
from edge.voice import checks
from edge.voice.addresses import missing_addresses
from edge.voice.calendar import OpeningHours
from edge.voice.cloud_name import CloudName
from edge.voice.cloud_places import settle
from edge.voice.decision import Cloud, Rules, Sight, State, step
from edge.voice.explain import explain, moment_asked
from edge.voice.facts import Facts
from edge.voice.kamailio.startup import start_digest
from edge.voice.kamailio_alarms import Alarms, AlarmView
from edge.voice.kamailio_rpc import RpcRefused, RpcSilent
from edge.voice.kamailio_view import KamailioView, Look, Run
from edge.voice.push import Push
from edge.voice.records.recorder import Recorder
from edge.voice.redirect_book import RedirectBook
from edge.voice.registrations import Keeper
from edge.voice.sockets import clouds
from edge.voice.standing import standing
from edge.voice.survey import Survey
from edge.voice.tables import unprotected
from edge.voice.trunk_view import TrunkView, trunk_states

log = logging.getLogger(__name__)

PERIOD = 0.5  # seconds between two looks
RESTART_PAUSE = 20.0  # seconds between two endings of a Kamailio that keeps starting from other values than ours


class Engine:
    """Holds the settings in force, what was decided, and what was seen last."""

    def __init__(
        self,
        view: KamailioView,
        push: Push,
        alarms: AlarmView,
        clock: Clock,
        keeper: Keeper,
        cloud_name: CloudName,
        redirects: RedirectBook,
    ) -> None:
        self.view = view
        self.alarm_view = alarms
        self.alarms = Alarms()
        self.recorder: Recorder | None = None
        self.trunk_view = TrunkView(view.rpc)
        self.survey = Survey(view, self.trunk_view, self.settled)
        self.push = push
        self.clock = clock
        self.keeper = keeper
        self.cloud_name = cloud_name
        self.redirects = redirects
        self.settings = VoiceSection()
        self.hours = OpeningHours(self.settings.hours)
        self.settings_refused: list[Fault] = []
        self.push_refused: str | None = None
        self.look = Look(None, Sight(answers=False))
        self.told = False  # whether Kamailio goes by the settings in force
        self.state = State()
        self.since: datetime = clock.now()
        self._first_raised: dict[tuple[str, str], str] = {}
        self._restarted_at: float | None = None
        self._known_run: str | None = None
        self._kept_mode: VoiceMode | None = None
        self._wake = asyncio.Event()
        self.cloud_is_back: Callable[[], None] = lambda: None
        self.broadcast: Broadcast[ModeResult] = Broadcast(self.mode())

    def adopt(self, settings: VoiceSection) -> None:
        """Put settings in force."""
        self.settings = settings
        self.cloud_name.adopt(settings)
        self.hours = OpeningHours(settings.hours)
        self.told = False
        self._wake.set()

    def settled(self) -> VoiceSection:
        """The settings in force, with addresses where they name the cloud PBX by name."""
        return settle(self.settings, self.cloud_name.naming.places)

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    async def run(self) -> None:
        """Look, decide, tell, for ever."""
        while True:
            await self.cycle()
            try:
                async with asyncio.timeout(PERIOD):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def cycle(self) -> None:
        """One look and what follows from it."""
        look = await self.view.look()
        self.look = look
        self.told = self.told and look.run is not None
        now = self.clock.monotonic_ns() / 1e9
        before = self.state
        self.state, wanted = step(before, look.sight, now, self._rules())
        try:
            if look.run is not None:
                self.alarms = await self.alarm_view.look(look.run.id)
                await self._tell(look.run, now)
                if look.run.id != self._known_run and self.state.mode == VoiceMode.LOCAL:
                    wanted = VoiceMode.LOCAL  # it may begin so by itself, but takes the cloud PBX for alive
                if wanted is not None:
                    await self.push.mode(wanted, self.settled())
                if self.state.mode != self._kept_mode:
                    self.push.keep_mode(self.state.mode)
                    self._kept_mode = self.state.mode
                self._known_run = look.run.id
            self.push_refused = None
        except (RpcSilent, RpcRefused, OSError, sqlite3.Error) as error:
            if str(error) != self.push_refused:
                log.warning("Kamailio was not told: %s", error)
            self.push_refused = str(error)
            self.told = False
        if before.good_since is None and self.state.good_since is not None:
            # Now, not at the end of the hold-down: when calls go there again, it must know everybody.
            self.cloud_is_back()
        if (before.mode, before.reason) != (self.state.mode, self.state.reason):
            self.since = self.clock.now()
            log.info("mode %s (%s)", self.state.mode, self.state.reason)
        if self.mode() != self.broadcast.state:
            self.broadcast.publish(self.mode())

    async def phones(self) -> list[Phone]:
        """Everybody registered; nobody when Kamailio is silent."""
        if self.look.run is None:
            return []
        try:
            return [self.survey.asking.shown(one) for one in await self.view.held()]
        except (RpcSilent, RpcRefused) as error:
            log.warning("phones not known: %s", error)
            return []

    async def phone_count(self) -> int:
        """How many extensions have a phone; none when Kamailio is silent."""
        if self.look.run is None:
            return 0
        try:
            return len(await self.view.registered())
        except (RpcSilent, RpcRefused) as error:
            log.warning("phones not counted: %s", error)
            return 0

    async def trunks(self) -> list[TrunkState]:
        """Every way out; of unknown health when Kamailio is silent."""
        sight = None
        if self.look.run is not None:
            try:
                sight = await self.trunk_view.look(self.settled())
            except (RpcSilent, RpcRefused) as error:
                log.warning("trunks not known: %s", error)
        return trunk_states(self.settled(), sight)

    def mode(self) -> ModeResult:
        """Who serves the phones."""
        return ModeResult(
            mode=self.state.mode,
            since=utc_text(self.since),
            reason=self.state.reason,
            kamailio=self.look.sight.answers,
            version=self.look.run.version if self.look.run else None,
            told=self.told,
            unprotected=unprotected(self.settings),
        )

    def cloud_serves(self) -> bool:
        """Whether calls go to the cloud PBX, and it answers."""
        return self.state.mode == VoiceMode.CLOUD and self.look.sight.cloud == Cloud.ANSWERS

    def explain(self, asked: ExplainParams) -> ExplainResult:
        """What would become of a call."""
        now = self.clock.now()
        redirects = self.redirects.where(moment_asked(asked, self.settings, now))
        mode = self.state.mode
        return explain(self.settings, asked, mode, now, source="running", redirects=redirects, calendar=self.hours)

    async def redirect(self, params: RedirectParams) -> ErrorReply | None:
        """Take a person's redirect, and tell Kamailio at once; returns why it is refused."""
        refused = await self.redirects.add(self.settings, params)
        if refused is None:
            log.info("%d numbers redirected by %s", len(params.numbers), params.actor.user)
        self._wake.set()
        return refused

    async def cancel_redirects(self, params: CancelParams) -> ErrorReply | None:
        """End redirects, and tell Kamailio at once; returns why that cannot be."""
        refused = await self.redirects.cancel(params)
        if refused is None:
            log.info("redirects cancelled by %s", params.actor.user)
        self._wake.set()
        return refused

    def facts(self) -> Facts:
        """What the checks look at."""
        return Facts(
            now=self.clock.now(),
            settings=self.settings,
            state=self.state,
            sight=self.look.sight,
            refused=self.settings_refused,
            not_told=self.push_refused,
            missing_addresses=missing_addresses(self.settings.listen),
            alarms=self.alarms.with_journal(self.recorder.urgent if self.recorder else ()),
            not_copied=self.keeper.failure,
            records_refused=self.recorder.refused if self.recorder else None,
            naming=self.cloud_name.naming,
            redirects=self.redirects.in_force(),
            redirects_damaged=self.redirects.damaged,
            inventory=self.survey.seen,
        )

    def issues(self) -> list[Issue]:
        """What is wrong now, each with the moment it was first seen."""
        facts = self.facts()
        now = utc_text(facts.now)
        found = [(check, finding, (check.ISSUE, finding.subject)) for check, finding in checks.found(facts)]
        self._first_raised = {key: self._first_raised.get(key, now) for _, _, key in found}
        return [issue_of(check, finding, self._first_raised[key]) for check, finding, key in found]

    def _rules(self) -> Rules:
        return Rules(
            serves=bool(self.settings.listen),
            has_cloud=self.settings.cloud is not None,
            cloud_known=bool(clouds(self.settled())),
            hold_down_s=self.settings.hold_down_s,
        )

    async def _tell(self, run: Run, now: float) -> None:
        if run.digest == start_digest(self.settings):
            # Asked anew at each look: boundaries, and a clock that was set, need no timer.
            elsewhere = standing(self.settings, self.clock.now(), self.redirects.where(), self.hours)
            told = await self.push.settings(self.settled(), run, elsewhere)
            self.look = replace(self.look, run=told)
            self.told = True
            if told.dispatcher != run.dispatcher and self.state.mode == VoiceMode.LOCAL:
                await self.push.mode(VoiceMode.LOCAL, self.settled())  # a new address must first prove itself, too
            return
        self.told = False
        if self._restarted_at is not None and now - self._restarted_at < RESTART_PAUSE:
            return
        log.info("start-up values changed: Kamailio starts again")
        self._restarted_at = now
        await self.push.restart()
