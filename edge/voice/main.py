"""The wiring of voice."""

from __future__ import annotations

import asyncio

from edge.shared.clock import SystemClock
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsSource
from edge.voice.engine import Engine
from edge.voice.kamailio.startup import RunFolder
from edge.voice.kamailio_alarms import AlarmView
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.kamailio_view import KamailioView
from edge.voice.push import Push
from edge.voice.records.people import People
from edge.voice.records.recorder import Recorder
from edge.voice.records.service import CallService
from edge.voice.records.tail import Tails
from edge.voice.registrations import Keeper
from edge.voice.service import VoiceService


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Run until stopped. Kamailio is left as it is."""
    source = SettingsSource(paths, "voice")
    site = source.load()
    files = RunFolder.of(paths)
    rpc = KamailioRpc(files.rpc_socket)
    keeper = Keeper(files.location_db, paths.registrations)
    clock = SystemClock()
    engine = Engine(KamailioView(rpc), Push(rpc, files), AlarmView(rpc, clock), clock, keeper)
    recorder = Recorder(paths.state("voice") / "calls.db", Tails(files.records), People(files.location_db), rpc, clock)
    recorder.settings = lambda: engine.settings
    engine.recorder = recorder
    engine.settings_refused = source.refused
    engine.adopt(site.voice)
    try:
        async with VoiceService(engine, CallService(recorder)).server(paths):
            work = asyncio.create_task(engine.run(), name="engine")
            follow = asyncio.create_task(_follow(source, site, engine), name="settings")
            copy = asyncio.create_task(keeper.run(), name="registrations")
            records = asyncio.create_task(recorder.run(), name="records")
            ready()
            await until_stopped(stop, work, follow, copy, records)
    finally:
        await asyncio.to_thread(keeper.keep)
        rpc.close()


async def _follow(source: SettingsSource, site: Site, engine: Engine) -> None:
    async for changed in source.follow(site):
        engine.settings_refused = source.refused
        engine.adopt(changed.voice)
