"""Bringing the settings into a running Kamailio: files it loads from, then JSON-RPC to load them. No restart."""

from __future__ import annotations

import logging

from edge.shared.messages.voice import VoiceMode
from edge.shared.model.voice import VoiceSection
from edge.voice.kamailio.startup import RunFolder, write_dispatcher, write_tables
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused
from edge.voice.kamailio_view import CLOUD_SET
from edge.voice.sockets import uri
from edge.voice.tables import TABLES, Tables, tables

log = logging.getLogger(__name__)

SIGTERM = 15


class Push:
    """What one Kamailio was told. Its launcher told it the settings of its start."""

    def __init__(self, rpc: KamailioRpc, files: RunFolder) -> None:
        self.rpc = rpc
        self.files = files
        self._told: Tables | None = None

    def forget(self) -> None:
        """Another Kamailio answers: tell it everything."""
        self._told = None

    async def settings(self, voice: VoiceSection) -> None:
        """Tell what is not told yet. Each table changes whole. Raises RpcSilent, RpcRefused, OSError, sqlite3.Error."""
        wanted = tables(voice)
        if wanted == self._told:
            return
        write_tables(wanted, self.files)
        for table in TABLES:
            await self.rpc.call("htable.reload", table)
        if self._told is None or wanted.dispatcher != self._told.dispatcher:
            await self._dispatcher(wanted)
        self._told = wanted

    async def mode(self, mode: VoiceMode, voice: VoiceSection) -> None:
        """Tell whose turn it is. Raises RpcSilent, RpcRefused."""
        await self.rpc.call("htable.sets", "run", "mode", mode.value)
        if mode == VoiceMode.LOCAL and voice.cloud is not None:
            # After a restart the cloud counts as alive until probed: it must first prove it.
            await self.rpc.call("dispatcher.set_state", "ip", int(CLOUD_SET), f"sip:{uri(voice.cloud)}")

    async def restart(self) -> None:
        """End Kamailio, for start-up values that changed; whoever supervises it starts it again. Raises RpcSilent."""
        try:
            await self.rpc.call("core.kill", SIGTERM)
        except RpcRefused as error:
            log.warning("Kamailio does not end: %s", error)

    async def _dispatcher(self, wanted: Tables) -> None:
        old = self.files.dispatcher_list.read_text(encoding="utf-8") if self.files.dispatcher_list.exists() else ""
        if old == wanted.dispatcher:
            return
        write_dispatcher(wanted, self.files)
        await self.rpc.call("dispatcher.reload")
