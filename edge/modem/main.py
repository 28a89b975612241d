"""The wiring of the modem daemon."""

from __future__ import annotations

import asyncio
import logging

from edge.modem.bell import Bell
from edge.modem.bulletins.book import Bulletins
from edge.modem.bulletins.herald import Herald
from edge.modem.bulletins.neighbours import Neighbours
from edge.modem.fleet import Fleet
from edge.modem.office import open_office
from edge.modem.panel_link import PanelLink
from edge.modem.service.at import AtDesk
from edge.modem.service.bearer import BearerService
from edge.modem.service.calls import CallService
from edge.modem.service.modem import ModemService
from edge.modem.service.radio import RadioService
from edge.modem.store.schema import STEPS
from edge.modem.store.sweeper import Sweeper
from edge.shared.clock import SystemClock
from edge.shared.ledger import Ledger
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.messages.modem import MODEM
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsSource
from edge.shared.varlink import Server

log = logging.getLogger(__name__)


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Serve until stopped."""
    source = SettingsSource(paths, "modem")
    site = source.load()
    clock = SystemClock()
    bell = Bell()
    ledger = Ledger(paths.state("modem") / "modem.db", STEPS)
    office = open_office(ledger, clock, bell, PanelLink(paths.socket("panel")))
    interrupted = office.settling.recover()
    if interrupted:
        log.warning("%d parts were being handed over when the daemon ended: waiting for their reports", interrupted)
    fleet = Fleet(office)
    server = Server(MODEM, paths.socket("modem"))
    ModemService(fleet, office).serve_on(server)
    CallService(fleet, office).serve_on(server)
    BearerService(fleet).serve_on(server)
    AtDesk(fleet).serve_on(server)
    RadioService(fleet, office).serve_on(server)
    herald = Herald(Bulletins(ledger, clock), office, fleet, Neighbours(paths))
    herald.follow(site)
    await fleet.apply(site.modem)
    async with server:
        ready()
        try:
            await until_stopped(
                stop,
                asyncio.create_task(fleet.care(), name="fleet"),
                asyncio.create_task(fleet.look_out(), name="lookout"),
                asyncio.create_task(_follow(source, site, fleet, herald), name="settings"),
                asyncio.create_task(herald.run(), name="herald"),
                asyncio.create_task(Sweeper(ledger, clock).run(), name="sweeper"),
            )
        finally:
            await fleet.stop()
    office.radio.close()
    ledger.close()


async def _follow(source: SettingsSource, site: Site, fleet: Fleet, herald: Herald) -> None:
    async for changed in source.follow(site):
        herald.follow(changed)
        await fleet.apply(changed.modem)
