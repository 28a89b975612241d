"""The wiring of the daemon pppd: settings, sessions, status."""

from __future__ import annotations

import asyncio

from edge.shared.clock import SystemClock
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsSource
from edge.uplinks.pppd.service import PppdService
from edge.uplinks.pppd.sessions import Sessions


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Run until stopped; the sessions end with it."""
    source = SettingsSource(paths, "pppd", section="uplinks")
    site = source.load()
    sessions = Sessions(SystemClock())
    async with PppdService(sessions).server(paths):
        sessions.follow(site.uplinks)
        follow = asyncio.create_task(_follow(source, site, sessions), name="settings")
        ready()
        try:
            await until_stopped(stop, follow)
        finally:
            await sessions.stop()


async def _follow(source: SettingsSource, site: Site, sessions: Sessions) -> None:
    async for changed in source.follow(site):
        sessions.follow(changed.uplinks)
