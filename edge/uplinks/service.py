"""fr.repli.uplinks on its socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from edge.shared.broadcast import WatcherTooSlow
from edge.shared.messages.common import STATUS, Actor, DaemonStatus, Role, RoleRequired, state_of
from edge.shared.messages.uplinks import (
    BUDGET,
    HISTORY,
    LIST,
    OVERRIDE,
    PROBE,
    RELEASE,
    SAMPLES,
    UPLINKS,
    WATCH,
    BudgetResult,
    HistoryParams,
    HistoryResult,
    NoSuchUplink,
    OverrideParams,
    OverridesResult,
    ProbeParams,
    ProbeResult,
    ReleaseParams,
    Resolution,
    Sample,
    SamplesParams,
    SamplesResult,
    UplinksState,
    WishNotKept,
)
from edge.shared.paths import Paths
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams
from edge.uplinks.budget.keeper import BudgetKeeper
from edge.uplinks.engine import Engine
from edge.uplinks.history import History
from edge.uplinks.inquiry import Inquiries
from edge.uplinks.rollup import MINUTE, SECOND, Row


class UplinksService:
    """Answers from the engine's memory and the history."""

    def __init__(self, engine: Engine, history: History, inquiries: Inquiries, budget: BudgetKeeper) -> None:
        self._engine = engine
        self._history = history
        self._inquiries = inquiries
        self._budget = budget

    def server(self, paths: Paths) -> Server:
        """The server, not started yet."""
        server = Server(UPLINKS, paths.socket("uplinks"))
        server.on(STATUS, self.status)
        server.on(LIST, self.list_links)
        server.on(HISTORY, self.history)
        server.on(OVERRIDE, self.override)
        server.on(RELEASE, self.release)
        server.on(SAMPLES, self.samples)
        server.on(PROBE, self.probe)
        server.on(BUDGET, self.budget)
        server.on_stream(WATCH, self.watch)
        return server

    async def status(self, _: NoParams, _caller: Caller) -> DaemonStatus:
        """How the daemon is."""
        issues = self._engine.issues()
        state = self._engine.uplinks_state()
        up = sum(1 for uplink in state.uplinks if uplink.state == "up")
        return DaemonStatus(
            daemon="uplinks",
            state=state_of(issues),
            summary={"active": state.active or "", "links": str(len(state.uplinks)), "up": str(up)},
            issues=issues,
        )

    async def list_links(self, _: NoParams, _caller: Caller) -> UplinksState:
        """All links as they are now."""
        return self._engine.uplinks_state()

    async def history(self, params: HistoryParams, _caller: Caller) -> HistoryResult:
        """Every change of the active link, or one with its evidence."""
        if params.seq is not None:
            switch = await self._history.one(params.seq)
            return HistoryResult(switches=[switch] if switch else [])
        return HistoryResult(switches=await self._history.last(params.limit))

    async def probe(self, params: ProbeParams, _caller: Caller) -> ProbeResult:
        """Ask every target once, now."""
        if params.link is not None:
            self._require_link(params.link)
        return ProbeResult(links=await self._inquiries.ask(self._engine.section, params.link))

    async def override(self, params: OverrideParams, _caller: Caller) -> OverridesResult:
        """Force or forbid a link."""
        _require_technician(params.actor)
        self._require_link(params.link)
        try:
            await self._engine.override(params)
        except OSError as error:
            raise Refused(WishNotKept(reason=error.strerror or str(error))) from error
        return OverridesResult(overrides=self._engine.overrides())

    async def release(self, params: ReleaseParams, _caller: Caller) -> OverridesResult:
        """End one wish, or all."""
        _require_technician(params.actor)
        if params.link is not None:
            self._require_link(params.link)
        try:
            await self._engine.release(params.link)
        except OSError as error:
            raise Refused(WishNotKept(reason=error.strerror or str(error))) from error
        return OverridesResult(overrides=self._engine.overrides())

    def _require_link(self, name: str) -> None:
        if name not in {link.name for link in self._engine.section.links}:
            raise Refused(NoSuchUplink(uplink=name))

    async def samples(self, params: SamplesParams, _caller: Caller) -> SamplesResult:
        """Loss, delay and jitter of a link in the past; none for a link that was never there."""
        step = SECOND if params.resolution is Resolution.SECOND else MINUTE
        rows = await self._history.rows(step, params.link, params.since, params.limit)
        return SamplesResult(samples=[_sample(at, row) for at, row in rows])

    async def budget(self, _: NoParams, _caller: Caller) -> BudgetResult:
        """What each link used this month."""
        return self._budget.result()

    async def watch(self, _: NoParams, _caller: Caller) -> AsyncIterator[UplinksState]:
        """All links, then again at each change; ends for a watcher that is too slow."""
        try:
            async for state in self._engine.announcer.broadcast.watch():
                yield state
        except WatcherTooSlow:
            return


def _require_technician(actor: Actor) -> None:
    if actor.role is not Role.TECHNICIAN:
        raise Refused(RoleRequired(role=Role.TECHNICIAN))


def _sample(at_s: int, row: Row) -> Sample:
    at = datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")
    return Sample(
        at=at,
        sent=row.sent,
        lost=row.lost,
        rtt_min_ms=row.rtt_min_ms,
        rtt_ms=row.rtt_ms,
        rtt_max_ms=row.rtt_max_ms,
        jitter_ms=row.jitter_ms,
    )
