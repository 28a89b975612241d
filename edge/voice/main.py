"""The wiring of voice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge.shared.clock import SystemClock
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsSource
from edge.voice.cloud_name import Ask, CloudName
from edge.voice.cloud_questions import CloudQuestions
from edge.voice.dns_client import ask, name_servers
from edge.voice.dns_message import Answer
from edge.voice.engine import Engine
from edge.voice.kamailio.startup import RunFolder
from edge.voice.kamailio_alarms import AlarmView
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.kamailio_view import KamailioView
from edge.voice.links import follow_links
from edge.voice.push import Push
from edge.voice.records.people import People
from edge.voice.records.recorder import Recorder
from edge.voice.records.service import CallService
from edge.voice.records.tail import Tails
from edge.voice.redirect_book import RedirectBook
from edge.voice.registrations import Keeper
from edge.voice.renewal import Renewal
from edge.voice.service import VoiceService
from edge.voice.setups import Setups

RESOLV_CONF = Path("/etc/resolv.conf")


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Run until stopped. Kamailio is left as it is."""
    source = SettingsSource(paths, "voice")
    site = source.load()
    files = RunFolder.of(paths)
    rpc = KamailioRpc(files.rpc_socket)
    keeper = Keeper(files.location_db, paths.registrations)
    clock = SystemClock()
    view = KamailioView(rpc, clock)
    cloud_name = CloudName(paths.state("voice") / "cloud-places.json", files.cloud_places, _asking(paths))
    redirects = RedirectBook(paths.state("voice") / "redirects.json", clock)
    engine = Engine(view, Push(rpc, files), AlarmView(rpc, clock), clock, keeper, cloud_name, redirects)
    cloud_name.changed = engine.wake
    renewal = Renewal(view, engine.settled)
    questions = CloudQuestions(view, engine.settled, engine.cloud_serves)
    engine.survey.past_us = questions.found
    engine.cloud_is_back = lambda: renewal.ask("it answers again")
    recorder = Recorder(paths.state("voice") / "calls.db", Tails(files.records), People(files.location_db), rpc, clock)
    recorder.settings = lambda: engine.settings
    engine.recorder = recorder
    engine.settings_refused = source.refused
    engine.adopt(site.voice)
    setups = Setups(rpc)

    async def switched(link: str) -> None:
        renewal.ask(f"{link} carries now")
        cloud_name.now()
        await setups.end()

    try:
        async with VoiceService(engine, CallService(recorder)).server(paths):
            work = asyncio.create_task(engine.run(), name="engine")
            follow = asyncio.create_task(_follow(source, site, engine), name="settings")
            copy = asyncio.create_task(keeper.run(), name="registrations")
            records = asyncio.create_task(recorder.run(), name="records")
            renew = asyncio.create_task(renewal.run(), name="renewal")
            name = asyncio.create_task(cloud_name.run(), name="cloud name")
            links = asyncio.create_task(follow_links(paths, clock, switched), name="links")
            survey = asyncio.create_task(engine.survey.run(), name="survey")
            past_us = asyncio.create_task(questions.run(), name="cloud questions")
            asking = asyncio.create_task(engine.survey.asking.run(), name="asking")
            ready()
            await until_stopped(stop, work, follow, copy, records, renew, name, links, survey, past_us, asking)
    finally:
        await asyncio.to_thread(keeper.keep)
        rpc.close()


def _asking(paths: Paths) -> Ask:
    async def asking(name: str, kind: int) -> Answer:
        # Read each time: the resolvers change with the link that carries.
        return await ask(name_servers(paths.resolver_file, RESOLV_CONF), name, kind)

    return asking


async def _follow(source: SettingsSource, site: Site, engine: Engine) -> None:
    async for changed in source.follow(site):
        engine.settings_refused = source.refused
        engine.adopt(changed.voice)
