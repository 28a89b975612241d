"""The wiring of the daemon uplinks. It never cleans up on exit: the kernel keeps routes, marks and translation."""

from __future__ import annotations

import asyncio

from edge.shared import timex
from edge.shared.clock import SystemClock, boot_id
from edge.shared.lifecycle import ready, until_stopped
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsSource
from edge.uplinks.applier import Applier
from edge.uplinks.budget.counters import Counters
from edge.uplinks.budget.keeper import BudgetKeeper
from edge.uplinks.budget.kept import KeptUse
from edge.uplinks.carrier import CarrierWatch
from edge.uplinks.conntrack import Conntrack
from edge.uplinks.dhcp_leases import LeaseFile
from edge.uplinks.dhcp_links import DhcpLinks
from edge.uplinks.engine import Engine
from edge.uplinks.firewall import Firewall
from edge.uplinks.history import History
from edge.uplinks.inquiry import Inquiries
from edge.uplinks.isolation import IsolationFile
from edge.uplinks.kernel import Kernel
from edge.uplinks.lan_watch import LanWatch
from edge.uplinks.libnftables import Libnftables
from edge.uplinks.monitor import Monitor
from edge.uplinks.owned import Owned
from edge.uplinks.probe_volume import VolumeBook
from edge.uplinks.resolver import ResolverFile
from edge.uplinks.service import UplinksService
from edge.uplinks.shaper import Shaper
from edge.uplinks.strangers import Stranger
from edge.uplinks.wall import Wall
from edge.uplinks.wish_book import OverrideFile, WishBook


async def main(paths: Paths, stop: asyncio.Event) -> None:
    """Run until stopped."""
    state = paths.state("uplinks")
    source = SettingsSource(paths, "uplinks")
    site = source.load()
    clock = SystemClock()
    history = History(state / "history.db", clock, boot_id())
    await history.open()
    async with Kernel() as kernel, Conntrack() as conntrack, Shaper() as shaper:
        nft = Libnftables()
        firewall, isolation = Firewall(nft, clock), IsolationFile(state / "isolation.json")
        resolver_file = ResolverFile(paths.resolver_file)
        applier = Applier(kernel, firewall, isolation, conntrack, shaper, Owned(state / "owned.json"), resolver_file)
        volumes = VolumeBook(state / "probe-volume.json", clock)
        budget = BudgetKeeper(Counters(nft), KeptUse(state / "budget.json"), clock, boot_id(), timex.synchronised)
        wishes = WishBook(OverrideFile(state / "overrides.json", boot_id()), clock, timex.synchronised)
        engine = Engine(applier, history, wishes, volumes, budget, clock)
        engine.settings_refused = source.refused
        dhcp = DhcpLinks(LeaseFile(state / "leases.json", paths.lease_file), clock, engine.adopt)

        def something_changed() -> None:
            engine.something_changed()
            dhcp.look()

        monitor = Monitor(engine.flags_changed, something_changed)
        monitor.start()
        carriers = CarrierWatch(lambda: [link.interface for link in engine.section.links], engine.carrier_lost)
        dhcp.follow(site.uplinks)
        budget.adopt(site.uplinks)
        server = UplinksService(engine, history, Inquiries(volumes, clock), budget).server(paths)
        Wall(engine, applier, firewall, isolation, clock).serve(server)
        await engine.begin()
        async with server:
            work = asyncio.create_task(engine.run(), name="engine")
            follow = asyncio.create_task(_follow(source, site, engine, dhcp, budget), name="settings")
            leases = asyncio.create_task(dhcp.run(), name="dhcp")
            counting = asyncio.create_task(volumes.run(), name="volumes")
            budgeting = asyncio.create_task(budget.run(), name="budget")
            asking = asyncio.create_task(carriers.run(), name="carriers")
            watching = asyncio.create_task(_watch_zones(engine), name="zones")
            wishing = asyncio.create_task(wishes.run(), name="wishes")
            ready()
            try:
                await until_stopped(stop, work, follow, leases, counting, budgeting, asking, watching, wishing)
            finally:
                monitor.stop()
                carriers.close()
                dhcp.stop()
                volumes.save()
                await history.close()
                await budget.close()


async def _follow(source: SettingsSource, site: Site, engine: Engine, dhcp: DhcpLinks, budget: BudgetKeeper) -> None:
    async for changed in source.follow(site):
        engine.settings_refused = source.refused
        dhcp.follow(changed.uplinks)
        budget.adopt(changed.uplinks)


async def _watch_zones(engine: Engine) -> None:
    def found(strangers: frozenset[Stranger]) -> None:
        engine.strangers = strangers

    await LanWatch(lambda: engine.section, found).run()
