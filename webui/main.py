"""The wiring of the web daemon."""

from __future__ import annotations

import asyncio
import contextlib
import os

from edge.shared.clock import SystemClock
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.messages.web import WEB
from edge.shared.paths import Paths
from edge.shared.pins import PinFile
from edge.shared.section import SettingsSource
from edge.shared.varlink import Server
from webui.access import Gate
from webui.alerting import Alerting
from webui.app import make_app
from webui.box import Box
from webui.listen import Place, inherited_socket
from webui.live import Streams
from webui.pages import Pages
from webui.routes import follow, health, home, login, trigger
from webui.service import Service
from webui.serving import Serving
from webui.sessions import Sessions
from webui.settings import InForce


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Serve the pages until told to stop."""
    source = SettingsSource(paths, "web")
    settings = InForce(source.load())
    clock = SystemClock()
    pins = PinFile.of(paths)
    sessions = Sessions(paths.state("web") / "sessions.json", clock)
    box = Box(paths, clock)
    alerting = Alerting(paths.socket("alerts"))
    pages = Pages(settings, box, clock)
    gate = Gate(settings, sessions, pins, clock)
    streams = Streams(box, gate, pages, stop)
    app = make_app(
        pages,
        [
            health.routes(),
            login.routes(pages, gate),
            home.routes(pages, gate, box, streams),
            trigger.routes(pages, gate, box, alerting),
            follow.routes(pages, gate, box, alerting, streams),
        ],
    )
    serving = Serving(app, Place.of(settings.site.web), inherited_socket(os.environ))
    server = Server(WEB, paths.socket("web"))
    Service(settings, serving, sessions, pins, clock).register(server)

    async def follow_settings() -> None:
        async for site in source.follow(settings.site):
            settings.site = site
            serving.move(Place.of(site.web))

    async def serve() -> None:
        try:
            await serving.run()
        finally:
            stop.set()

    async with server:
        await box.look()
        pages_served = asyncio.create_task(serve(), name="pages")
        tasks = [
            asyncio.create_task(box.run(), name="box"),
            asyncio.create_task(follow_settings(), name="settings"),
        ]
        await serving.tried.wait()
        ready()
        await until_stopped(stop, *tasks)
        await serving.stop()
        pages_served.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pages_served  # a defect of the server is raised here, not lost
