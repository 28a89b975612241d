"""The firewall as persons see and use it: what is in force, and cutting the staff's zones off."""

from __future__ import annotations

import logging

from edge.shared.clock import Clock, utc_text
from edge.shared.messages.common import Role, RoleRequired
from edge.shared.messages.uplinks_firewall import (
    FIREWALL,
    ISOLATE,
    Dropped,
    FirewallParams,
    FirewallState,
    FirewallZone,
    IsolateParams,
    IsolateResult,
    Isolation,
    IsolationRefused,
    NoSuchZone,
    NoZoneToIsolate,
    Opening,
    ReasonRequired,
)
from edge.shared.model import UplinksSection
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.uplinks import isolation
from edge.uplinks.applier import Applier
from edge.uplinks.engine import Engine
from edge.uplinks.firewall import Firewall
from edge.uplinks.isolation import IsolationFile
from edge.uplinks.nft import filtering, zones

log = logging.getLogger(__name__)


class Wall:
    """Answers Firewall and Isolate. An isolation does not wait in the engine's queue: it is one transaction of its own."""

    def __init__(
        self, engine: Engine, applier: Applier, firewall: Firewall, isolated: IsolationFile, clock: Clock
    ) -> None:
        self._engine = engine
        self._applier = applier
        self._firewall = firewall
        self._isolated = isolated
        self._clock = clock

    def serve(self, server: Server) -> None:
        """Add the methods to the daemon's server."""
        server.on(FIREWALL, self.firewall)
        server.on(ISOLATE, self.isolate)

    async def firewall(self, params: FirewallParams, _caller: Caller) -> FirewallState:
        """What is in force."""
        section = self._engine.section
        table = section.nft_table
        applied = self._firewall.applied_at
        return FirewallState(
            table=table,
            applied_at=utc_text(applied) if applied else None,
            refused=self._applier.refusals.get("nftables"),
            zones=_zones(section, self._isolated.interfaces(section)),
            openings=_openings(section),
            dropped=_dropped(section, self._firewall.counters(table)),
            isolation=self._isolation(),
            rules=self._firewall.listing(table, counters=True) if params.rules else None,
        )

    async def isolate(self, params: IsolateParams, _caller: Caller) -> IsolateResult:
        """Anybody may cut off; who ends it must know that the danger is over."""
        if not params.on and params.actor.role is not Role.TECHNICIAN:
            raise Refused(RoleRequired(role=Role.TECHNICIAN))
        if params.on and not params.reason.strip():
            raise Refused(ReasonRequired())
        section = self._engine.section
        wanted = self._wanted(section, params)
        kept = isolation.after(self._isolated.kept, params, wanted, self._clock.now())
        new, self._isolated.kept = kept != self._isolated.kept, kept
        done = self._applier.isolate(section)
        if new:
            verb = "cut off" if params.on else "no longer cut off"
            log.warning("zones %s %s by %s: %s", ", ".join(wanted), verb, params.actor.user, params.reason)
        await self._isolated.keep()  # after the deed, before the answer; also when asked again before it was on disk
        if not done:
            raise Refused(IsolationRefused(reason=self._applier.refusals.get("isolation", "")))
        return IsolateResult(isolation=self._isolation())

    def _wanted(self, section: UplinksSection, params: IsolateParams) -> list[str]:
        known = [zone.name for zone in zones.can_be_isolated(section)]
        if not params.on:
            known += self._isolated.kept.isolation.zones if self._isolated.kept.isolation else []
        elif not known:
            raise Refused(NoZoneToIsolate())
        for name in params.zones:
            if name not in known:
                raise Refused(NoSuchZone(zone=name))
        return params.zones or known

    def _isolation(self) -> Isolation | None:
        return self._isolated.kept.isolation


def _zones(section: UplinksSection, isolated: frozenset[str]) -> list[FirewallZone]:
    return [
        FirewallZone(
            name=zone.name,
            interface=zone.interface,
            role=zone.role,
            networks=[str(network) for network in zone.networks],
            isolated=zone.interface in isolated,
        )
        for zone in section.zones
    ]


def _openings(section: UplinksSection) -> list[Opening]:
    return [
        Opening(
            name=entry.name,
            protocol=entry.protocol,
            ports=list(entry.ports),
            sources=[str(network) for network in entry.sources],
            links=list(entry.links),
            to=str(entry.to) if entry.to else None,
            to_port=entry.to_port,
        )
        for entry in section.open
    ]


def _dropped(section: UplinksSection, counters: dict[str, tuple[int, int]]) -> list[Dropped]:
    subjects: list[tuple[str | None, str]] = [
        (link.name, filtering.counter(number)) for number, link in enumerate(section.links, start=1)
    ]
    subjects.append((None, filtering.INSIDE))
    return [
        Dropped(link=link, packets=counters[name][0], octets=counters[name][1])
        for link, name in subjects
        if name in counters
    ]
