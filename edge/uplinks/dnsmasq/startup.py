"""dnsmasq's configuration from the settings. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Interface

from edge.shared.launcher import Start
from edge.shared.model import Dhcp, Dns, Site, Zone
from edge.shared.paths import Paths

CACHE_NAMES = 1000
RETRY_MS, RETRY_FOR_MS = 300, 5000  # a question whose answer was lost is asked again without waiting for the client


def start(site: Site, paths: Paths) -> Start | None:
    """How it is started; None while no zone has an address to serve on."""
    served = [(zone, zone.address) for zone in site.uplinks.zones if zone.address is not None]
    if not served:
        return None
    lines = [*_common(paths), *_names(site.uplinks.dns)]
    for zone, address in served:
        lines.append(f"interface={zone.interface}")
        if zone.dhcp is not None:
            lines += _addresses(zone, address, zone.dhcp)
    conf = paths.configuration("dnsmasq")
    return Start(("dnsmasq", "-C", str(conf)), "\n".join(lines) + "\n")


def _common(paths: Paths) -> list[str]:
    return [
        "keep-in-foreground",
        "log-facility=-",
        "user=",  # whoever started it took every right away that it does not need
        "group=",
        "pid-file=",
        "no-hosts",
        "bind-dynamic",  # an interface may come later, and leave
        "interface=lo",
        # The file of the link that carries, replaced in one step at each switch: seen by inotify, at once.
        f"resolv-file={paths.resolver_file}",
        f"fast-dns-retry={RETRY_MS},{RETRY_FOR_MS}",
        f"cache-size={CACHE_NAMES}",
        "domain-needed",
        "bogus-priv",
        "localise-queries",
        "dhcp-authoritative",
        f"dhcp-leasefile={paths.state('dnsmasq') / 'leases'}",
    ]


def _names(dns: Dns) -> Iterator[str]:
    if dns.domain is not None:
        yield f"domain={dns.domain}"
        yield f"local=/{dns.domain}/"
    for host in dns.hosts:
        whole = [f"{host.name}.{dns.domain}"] if dns.domain is not None and "." not in host.name else []
        yield f"host-record={','.join([*whole, host.name, str(host.address)])}"


def _addresses(zone: Zone, own: IPv4Interface, dhcp: Dhcp) -> Iterator[str]:
    yield f"dhcp-range=set:{zone.name},{dhcp.first},{dhcp.last},{own.netmask},{dhcp.lease_s}"
    for number in (3, 6, 42):  # router, resolver, clock
        yield f"dhcp-option=tag:{zone.name},{number},{own.ip}"
    if dhcp.provisioning_url is not None:
        # Forced: telephones read them, and not all ask for them.
        yield f'dhcp-option-force=tag:{zone.name},66,"{dhcp.provisioning_url}"'
        yield f'dhcp-option-force=tag:{zone.name},160,"{dhcp.provisioning_url}"'
        yield f"dhcp-option-force=tag:{zone.name},43,{_encapsulated(66, dhcp.provisioning_url)}"
    for entry in dhcp.reservations:
        name = [entry.name] if entry.name is not None else []
        yield f"dhcp-host={','.join([entry.mac, str(entry.address), *name])}"


def _encapsulated(code: int, text: str) -> str:
    """A sub-option within option 43 (RFC 2132, 8.4), as dnsmasq writes bytes."""
    return bytes([code, len(text), *text.encode("ascii")]).hex(":")
