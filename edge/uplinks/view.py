"""What others see of the links: states for `List` and `Watch`, issues for `Status`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge.shared.checks import issue_of
from edge.shared.clock import utc_text
from edge.shared.messages.common import Issue
from edge.shared.messages.uplinks import Lease, Switch, Uplink, UplinksState, UplinkState
from edge.shared.model import Link, ProbeTarget, UplinksSection
from edge.uplinks import checks, dhcp, plan
from edge.uplinks.facts import Facts
from edge.uplinks.plan import Interface
from edge.uplinks.probe_cost import NOTHING_SPENT, Spent, standby_interval_ms, standby_mb_month
from edge.uplinks.quality import Quality
from edge.uplinks.situation import State


@dataclass
class Since:
    """Since when something is as it is."""

    moments: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def of(self, kind: str, subject: str, value: str, now: str) -> str:
        """When this subject took this value."""
        known = self.moments.get((kind, subject))
        if known is None or known[0] != value:
            self.moments[kind, subject] = (value, now)
            return now
        return known[1]

    def forget(self, kind: str, subjects: set[str]) -> None:
        """Forget every other subject of this kind."""
        for key in [key for key in self.moments if key[0] == kind and key[1] not in subjects]:
            del self.moments[key]


@dataclass(frozen=True)
class Seen:
    """What is known of the links besides their state: interfaces by name, probes and leases by link."""

    interfaces: Mapping[str, Interface]
    figures: Mapping[str, Quality | None]
    leases: Mapping[str, Lease]
    probes: Mapping[str, Spent]


def targets_of(section: UplinksSection, link: Link) -> tuple[ProbeTarget, ...]:
    """The link's own targets, or the section's; one that stands twice is asked once, its answer proves nothing twice."""
    return tuple(dict.fromkeys(link.targets or section.targets))


def carrying(state: State) -> str | None:
    """The link that carries traffic, or None when the one that holds the routes is dead."""
    return None if state.stranded else state.active


def link_states(state: State) -> dict[str, UplinkState]:
    """The shown state of every link."""
    return {name: health.shown(state.rules.judgement) for name, health in state.health.items()}


def uplinks_state(
    section: UplinksSection,
    state: State,
    seen: Seen,
    newest: Switch | None,
    since: Since,
    now: str,
) -> UplinksState:
    """All links as they are now."""
    states = link_states(state)
    active = carrying(state)
    uplinks = []
    for link in section.links:
        interface = seen.interfaces.get(link.interface)
        shown = seen.figures.get(link.name)
        spent = seen.probes.get(link.name, NOTHING_SPENT)
        targets = targets_of(section, link)
        uplinks.append(
            Uplink(
                name=link.name,
                interface=link.interface,
                kind=link.kind,
                state=states[link.name],
                active=link.name == active,
                metered=link.metered,
                address=_address(link, interface),
                gateway=plan.gateway(link, interface) if interface else None,
                loss_percent=round(shown.loss_percent, 1) if shown else None,
                rtt_ms=round(shown.rtt_ms, 2) if shown and shown.rtt_ms is not None else None,
                jitter_ms=round(shown.jitter_ms, 2) if shown else None,
                mos=round(shown.mos, 2) if shown else None,
                probe_standby_ms=standby_interval_ms(link, targets, spent.counted) if targets else None,
                probe_mb_month=round(standby_mb_month(link, targets, spent.counted), 1) if targets else None,
                probe_bytes=spent.counted.total,
                probe_bytes_month=spent.month_bytes,
                forced=link.name == state.wishes.forced,
                forbidden=link.name in state.wishes.forbidden,
                lease=seen.leases.get(link.name),
                modem=link.modem,
                since=since.of("link", link.name, states[link.name], now),
            )
        )
    return UplinksState(active=active, uplinks=uplinks, last_switch=newest)


def lease(found: dhcp.Lease, now: datetime, now_ns: int) -> Lease:
    """A lease as others see it; its end to the second, as both clocks are read one after the other."""
    expires = None
    if found.expires_ns is not None:
        end = now + timedelta(seconds=(found.expires_ns - now_ns) / 1e9)
        expires = utc_text((end + timedelta(milliseconds=500)).replace(microsecond=0))
    return Lease(
        address=str(found.address),
        gateway=str(found.gateway) if found.gateway else None,
        dns=[str(server) for server in found.dns],
        server=str(found.server),
        expires=expires,
    )


def issues(facts: Facts, since: Since) -> list[Issue]:
    """Everything that somebody has to know or put right."""
    found = checks.found(facts)
    since.forget("issue", {f"{check.ISSUE} {finding.subject}" for check, finding in found})
    now = utc_text(facts.now)
    return [
        issue_of(check, finding, since.of("issue", f"{check.ISSUE} {finding.subject}", "", now))
        for check, finding in found
    ]


def _address(link: Link, interface: Interface | None) -> str | None:
    if interface is None or not interface.addresses:
        return None
    if link.cidr is not None and link.cidr in interface.addresses:
        return str(link.cidr)
    return str(min(interface.addresses))
