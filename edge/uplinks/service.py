"""fr.repli.uplinks on its socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

from edge.shared.broadcast import WatcherTooSlow
from edge.shared.messages.common import STATUS, DaemonStatus, state_of
from edge.shared.messages.uplinks import HISTORY, LIST, UPLINKS, WATCH, HistoryParams, HistoryResult, UplinksState
from edge.shared.paths import Paths
from edge.shared.rights import Caller
from edge.shared.varlink import Server
from edge.shared.varlink_idl import NoParams
from edge.uplinks.engine import Engine
from edge.uplinks.history import History


class UplinksService:
    """Answers from the engine's memory and the history."""

    def __init__(self, engine: Engine, history: History) -> None:
        self._engine = engine
        self._history = history

    def server(self, paths: Paths) -> Server:
        """The server, not started yet."""
        server = Server(UPLINKS, paths.socket("uplinks"))
        server.on(STATUS, self.status)
        server.on(LIST, self.list_links)
        server.on(HISTORY, self.history)
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
        """Every change of the active link."""
        return HistoryResult(switches=await self._history.last(params.limit))

    async def watch(self, _: NoParams, _caller: Caller) -> AsyncIterator[UplinksState]:
        """All links, then again at each change; ends for a watcher that is too slow."""
        try:
            async for state in self._engine.broadcast.watch():
                yield state
        except WatcherTooSlow:
            return
