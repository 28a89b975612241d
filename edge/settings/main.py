"""The wiring of settings."""

from __future__ import annotations

import asyncio

from edge.settings.keeper import Keeper
from edge.settings.service import Service
from edge.shared.clock import SystemClock
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.messages.settings import SETTINGS
from edge.shared.paths import Paths
from edge.shared.varlink import Server


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Serve the settings until told to stop."""
    keeper = Keeper(paths, SystemClock())
    keeper.start()
    server = Server(SETTINGS, paths.socket("settings"))
    Service(keeper).register(server)
    async with server:
        ready()
        await until_stopped(stop, asyncio.create_task(keeper.run(), name="settings cycle"))
