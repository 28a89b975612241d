"""The wiring of the alerts daemon."""

from __future__ import annotations

import asyncio

from edge.alerts.directory import Directory
from edge.alerts.engine import Engine
from edge.alerts.ledger import CampaignLedger
from edge.alerts.modem_link import ModemLink
from edge.alerts.news import News
from edge.alerts.progress import Progress
from edge.alerts.reports import Reports
from edge.alerts.schema import STEPS
from edge.alerts.service import Records, Service
from edge.shared.clock import SystemClock
from edge.shared.ledger import Ledger
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.messages.alerts import ALERTS
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsSource
from edge.shared.varlink import Server


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Run until stop."""
    source = SettingsSource(paths, "alerts")
    site = source.load()
    clock = SystemClock()
    ledger = Ledger(paths.state("alerts") / "alerts.db", STEPS)
    campaigns = CampaignLedger(ledger)
    reports = Reports(ledger)
    news = News(reports)
    link = ModemLink(paths.socket("modem"))
    engine = Engine(campaigns, Progress(ledger, campaigns.birth), link, clock, news.changed)
    records = Records(Directory(ledger), campaigns, reports)
    service = Service(site, records, link, news, clock, engine.wake)

    def use(settings: Site) -> None:
        service.site = settings
        service.refused = source.refused
        engine.country_code = settings.alerts.country_code

    async def follow_settings() -> None:
        async for settings in source.follow(site):
            use(settings)

    use(site)
    server = Server(ALERTS, paths.socket("alerts"))
    service.attach(server)
    try:
        async with server:
            tasks = [
                asyncio.create_task(engine.run(), name="engine"),
                asyncio.create_task(engine.read_news(), name="modem news"),
                asyncio.create_task(news.run(), name="news"),
                asyncio.create_task(follow_settings(), name="settings"),
            ]
            ready()
            await until_stopped(stop, *tasks)
    finally:
        await link.hang_up()
        ledger.close()
