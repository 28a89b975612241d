"""dnsmasq's configuration from settings, whole; and which resolvers are named when."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from edge.shared.paths import Paths
from edge.shared.section import parse_site
from edge.uplinks.dhcp import Lease
from edge.uplinks.dhcp_links import with_lease
from edge.uplinks.dnsmasq.startup import start
from edge.uplinks.resolver import ResolverFile, resolvers

PATHS = Paths(Path("/r"))
SITE = """
[uplinks.dns]
domain = "mairie.internal"
hosts = [{ name = "imprimante", address = "192.0.2.9" }, { name = "www.example", address = "192.0.2.10" }]
[[uplinks.zones]]
name = "bureaux"
interface = "lan0"
address = "192.0.2.1/24"
[uplinks.zones.dhcp]
first = "192.0.2.100"
last = "192.0.2.199"
lease_s = 600
provisioning_url = "tftp://x"
reservations = [{ mac = "02:00:00:00:00:01", address = "192.0.2.11", name = "accueil" }]
[[uplinks.zones]]
name = "voix"
interface = "lan0.20"
address = "198.51.100.1/25"
[[uplinks.zones]]
name = "ailleurs"
interface = "lan0.30"
"""
LINKS = """
[[uplinks.links]]
name = "fibre"
interface = "eth0"
dns = ["192.0.2.53", "192.0.2.54"]
[[uplinks.links]]
name = "lte"
interface = "wwan0"
dns = ["198.51.100.53"]
[[uplinks.links]]
name = "sat"
interface = "eth1"
"""


def test_the_whole_configuration() -> None:
    started = start(parse_site(SITE), PATHS)
    assert started is not None
    assert started.argv == ("dnsmasq", "-C", "/r/run/repli/dnsmasq/dnsmasq.conf")
    assert started.text.splitlines() == [
        "keep-in-foreground",
        "log-facility=-",
        "user=",
        "group=",
        "pid-file=",
        "no-hosts",
        "bind-dynamic",
        "interface=lo",
        "resolv-file=/r/run/repli/resolv.conf",
        "fast-dns-retry=300,5000",
        "cache-size=1000",
        "domain-needed",
        "bogus-priv",
        "localise-queries",
        "dhcp-authoritative",
        "dhcp-leasefile=/r/var/lib/repli/dnsmasq/leases",
        "domain=mairie.internal",
        "local=/mairie.internal/",
        "host-record=imprimante.mairie.internal,imprimante,192.0.2.9",
        "host-record=www.example,192.0.2.10",
        "interface=lan0",
        "dhcp-range=set:bureaux,192.0.2.100,192.0.2.199,255.255.255.0,600",
        "dhcp-option=tag:bureaux,3,192.0.2.1",
        "dhcp-option=tag:bureaux,6,192.0.2.1",
        "dhcp-option=tag:bureaux,42,192.0.2.1",
        'dhcp-option-force=tag:bureaux,66,"tftp://x"',
        'dhcp-option-force=tag:bureaux,160,"tftp://x"',
        "dhcp-option-force=tag:bureaux,43,42:08:74:66:74:70:3a:2f:2f:78",
        "dhcp-host=02:00:00:00:00:01,192.0.2.11,accueil",
        "interface=lan0.20",
    ]


@pytest.mark.parametrize("document", ["", "[[uplinks.zones]]\nname = 'a'\ninterface = 'lan0'\n"])
def test_without_an_address_to_serve_on_nothing_is_started(document: str) -> None:
    assert start(parse_site(document), PATHS) is None


@pytest.mark.parametrize(
    ("active", "servers"),
    [
        ("fibre", ["192.0.2.53", "192.0.2.54"]),
        ("lte", ["198.51.100.53"]),
        ("sat", ["192.0.2.53", "192.0.2.54", "198.51.100.53"]),
        (None, ["192.0.2.53", "192.0.2.54", "198.51.100.53"]),
    ],
)
def test_the_active_links_resolvers_are_named_else_all_there_are(active: str | None, servers: list[str]) -> None:
    assert [str(server) for server in resolvers(parse_site(LINKS).uplinks, active)] == servers


def test_the_resolvers_of_a_lease_are_named_where_the_settings_name_none() -> None:
    section = parse_site(LINKS).uplinks
    found = (IPv4Address("203.0.113.53"),)
    lease = Lease(IPv4Interface("203.0.113.2/24"), None, found, IPv4Address("203.0.113.1"))
    leased = section.model_copy(update={"links": [with_lease(link, lease) for link in section.links]})
    assert resolvers(leased, "sat") == list(found)
    assert resolvers(leased, "lte") == [IPv4Address("198.51.100.53")]


def test_the_file_is_replaced_whole_and_kept_when_nobody_is_named(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    file = ResolverFile(path)
    section = parse_site(LINKS).uplinks
    file.name(resolvers(section, "fibre"))
    before = path.stat().st_ino
    file.name(resolvers(section, "fibre"))
    assert path.stat().st_ino == before  # nothing to do, nothing done
    file.name(resolvers(section, "lte"))
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("nameserver 198.51.100.53\n", 0o644)
    assert path.stat().st_ino != before
    file.name([])
    assert path.read_text() == "nameserver 198.51.100.53\n"
    path.unlink()
    file.name(resolvers(section, "lte"))
    assert path.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["resolv.conf"]
