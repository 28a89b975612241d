"""Bringing the settings into a running Kamailio: files it loads from, then JSON-RPC to load them. No restart.

What Kamailio says of itself is compared with what it should say, again and again: so a push that was cut, and a
Kamailio that was started again, need nothing of their own.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from edge.shared.messages.voice import VoiceMode
from edge.shared.model.voice import VoiceSection
from edge.voice.kamailio.startup import RunFolder, write, write_dispatcher
from edge.voice.kamailio.tables_file import write_next
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused
from edge.voice.kamailio_view import CLOUD_SET, Run
from edge.voice.sockets import clouds, uri
from edge.voice.standing import Standing
from edge.voice.tables import TABLES, Tables, tables
from edge.voice.trunk_push import changed, gone
from edge.voice.trunk_view import TrunkView

log = logging.getLogger(__name__)

SIGTERM = 15


class Push:
    """Tells one Kamailio."""

    def __init__(self, rpc: KamailioRpc, files: RunFolder) -> None:
        self.rpc = rpc
        self.files = files

    async def settings(self, voice: VoiceSection, run: Run, standing: Standing | None = None) -> Run:
        """Tell what it does not go by yet; returns what it goes by now. Raises RpcSilent, RpcRefused, OSError,
        sqlite3.Error."""
        wanted = tables(voice, standing)
        if wanted.version != run.version:
            await self._tables(wanted, run.version)
        elif wanted.registrations:
            await self._registrations(wanted)
        if wanted.dispatcher_digest != run.dispatcher:
            await self._dispatcher(wanted)
        return replace(run, version=wanted.version, dispatcher=wanted.dispatcher_digest)

    async def mode(self, mode: VoiceMode, voice: VoiceSection) -> None:
        """Tell whose turn it is. Raises RpcSilent, RpcRefused."""
        await self._set("mode", mode.value)
        if mode == VoiceMode.LOCAL:
            # After a restart the cloud counts as alive until probed: it must first prove it.
            for cloud in clouds(voice):
                await self.rpc.call("dispatcher.set_state", "ip", int(CLOUD_SET), f"sip:{uri(cloud)}")

    def keep_mode(self, mode: VoiceMode) -> None:
        """For the next start: a Kamailio that is killed begins as this one was. Raises OSError."""
        write(self.files.mode, mode.value)

    async def restart(self) -> None:
        """End Kamailio, for start-up values that changed; whoever supervises it starts it again. Raises RpcSilent."""
        try:
            await self.rpc.call("core.kill", SIGTERM)
        except RpcRefused as error:
            log.warning("Kamailio does not end: %s", error)

    async def _tables(self, wanted: Tables, in_force: str) -> None:
        write_next(wanted, self.files, in_force)
        for table in TABLES:
            await self.rpc.call("htable.reload", table)
        await self._registrations(wanted)
        # Until here nobody reads the new rows; from here everybody who begins does.
        await self._set("version", wanted.version)

    async def _registrations(self, wanted: Tables) -> None:
        held = await TrunkView(self.rpc).registrations()
        for name in gone(wanted.registrations, held):
            await self.rpc.call("uac.reg_remove", name)
        for name in changed(wanted.registrations, held):
            # Read from tables.sqlite, as at the start.
            await self.rpc.call("uac.reg_refresh", name)

    async def _dispatcher(self, wanted: Tables) -> None:
        write_dispatcher(wanted, self.files)
        # Refused within a second of the last one: the next look finds it still to do.
        await self.rpc.call("dispatcher.reload")
        await self._set("dispatcher", wanted.dispatcher_digest)

    async def _set(self, key: str, value: str) -> None:
        await self.rpc.call("htable.sets", "run", key, value)
