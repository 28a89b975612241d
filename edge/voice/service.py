"""fr.repli.voice on its socket."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from edge.shared.broadcast import WatcherTooSlow
from edge.shared.messages.common import STATUS, DaemonStatus, Role, RoleRequired, state_of
from edge.shared.messages.voice import MODE, PHONES, VOICE, WATCH, ModeResult, PhonesResult
from edge.shared.messages.voice_explain import EXPLAIN, ExplainParams, ExplainResult
from edge.shared.messages.voice_guard import (
    BANS,
    UNBAN,
    BansResult,
    SignallingSilent,
    UnbanParams,
    UnbanResult,
)
from edge.shared.messages.voice_redirects import (
    CANCEL_REDIRECTS,
    REDIRECT,
    REDIRECTS,
    CancelParams,
    RedirectParams,
    RedirectsResult,
)
from edge.shared.messages.voice_trunks import TRUNKS, TrunksResult
from edge.shared.paths import Paths
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import ErrorReply, NoParams
from edge.voice.engine import Engine
from edge.voice.kamailio_rpc import RpcRefused, RpcSilent
from edge.voice.records.service import CallService
from edge.voice.tables import unprotected

log = logging.getLogger(__name__)


class VoiceService:
    """Answers from the engine's memory, and from Kamailio for who is registered."""

    def __init__(self, engine: Engine, calls: CallService) -> None:
        self._engine = engine
        self._calls = calls

    def server(self, paths: Paths) -> Server:
        """The server, not started yet."""
        server = Server(VOICE, paths.socket("voice"))
        server.on(STATUS, self.status)
        server.on(MODE, self.mode)
        server.on(PHONES, self.phones)
        server.on(BANS, self.bans)
        server.on(UNBAN, self.unban)
        server.on(EXPLAIN, self.explain)
        server.on(REDIRECT, self.redirect)
        server.on(REDIRECTS, self.redirects)
        server.on(CANCEL_REDIRECTS, self.cancel_redirects)
        server.on(TRUNKS, self.trunks)
        server.on_stream(WATCH, self.watch)
        self._calls.serve(server)
        return server

    async def status(self, _: NoParams, _caller: Caller) -> DaemonStatus:
        """How the telephones are."""
        issues = self._engine.issues()
        mode = self._engine.mode()
        summary = {
            "mode": mode.mode.value,
            "kamailio": "yes" if mode.kamailio else "no",
            "phones": str(await self._engine.phone_count()),
            "extensions": str(len(self._engine.settings.extensions)),
            "unprotected": str(len(mode.unprotected)),
            "redirects": str(len(self._engine.redirects.in_force())),
        }
        return DaemonStatus(daemon="voice", state=state_of(issues), summary=summary, issues=issues)

    async def mode(self, _: NoParams, _caller: Caller) -> ModeResult:
        """Who serves the phones."""
        return self._engine.mode()

    async def phones(self, _: NoParams, _caller: Caller) -> PhonesResult:
        """Every registered phone."""
        return PhonesResult(phones=await self._engine.phones(), unprotected=unprotected(self._engine.settings))

    async def bans(self, _: NoParams, _caller: Caller) -> BansResult:
        """Every address that is blocked or limited."""
        try:
            return BansResult(bans=list(await self._engine.alarm_view.bans()))
        except (RpcSilent, RpcRefused) as error:
            raise Refused(SignallingSilent()) from error

    async def unban(self, params: UnbanParams, _caller: Caller) -> UnbanResult:
        """Let an address in again."""
        if params.actor.role is not Role.TECHNICIAN:
            raise Refused(RoleRequired(role=Role.TECHNICIAN))
        try:
            removed = await self._engine.alarm_view.unban(params.address)
            left = await self._engine.alarm_view.bans()
        except (RpcSilent, RpcRefused) as error:
            raise Refused(SignallingSilent()) from error
        log.info("%s let in again by %s", params.address, params.actor.user)
        return UnbanResult(removed=removed, bans=list(left))

    async def explain(self, asked: ExplainParams, _caller: Caller) -> ExplainResult:
        """What would become of a call, by the settings in force."""
        return self._engine.explain(asked)

    async def redirect(self, params: RedirectParams, _caller: Caller) -> RedirectsResult:
        """Send all calls of some numbers elsewhere for a while."""
        return self._redirects_unless(await self._engine.redirect(params))

    async def redirects(self, _: NoParams, _caller: Caller) -> RedirectsResult:
        """What is redirected."""
        return self._redirects_unless(None)

    async def cancel_redirects(self, params: CancelParams, _caller: Caller) -> RedirectsResult:
        """End redirects before their hour."""
        return self._redirects_unless(await self._engine.cancel_redirects(params))

    def _redirects_unless(self, refused: ErrorReply | None) -> RedirectsResult:
        if refused is not None:
            raise Refused(refused)
        return RedirectsResult(redirects=self._engine.redirects.in_force())

    async def trunks(self, _: NoParams, _caller: Caller) -> TrunksResult:
        """Every way out."""
        return TrunksResult(trunks=await self._engine.trunks())

    async def watch(self, _: NoParams, _caller: Caller) -> AsyncIterator[ModeResult]:
        """Who serves the phones, then each change; ends for a watcher that is too slow."""
        try:
            async for state in self._engine.broadcast.watch():
                yield state
        except WatcherTooSlow:
            return
