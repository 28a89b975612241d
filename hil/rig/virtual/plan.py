"""The town's addresses, names and accounts. The same in every town: namespaces keep towns apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TOWNS = Path("/run/repli-town")
NAMESPACES = ("lan", "edge", "fibre", "lte", "cloud")
SOME_NAMESPACES = ("commune", "staff")  # made where the topology has it; by the part of that name
# Short enough for the folder to leave room for socket names, and safe in paths and namespace names.
NAME = re.compile(r"^[a-z][a-z0-9-]{0,15}$")


class BadName(Exception):
    """A town's name is up to 16 lower-case letters, digits and hyphens, a letter first."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no name for a town: up to 16 lower-case letters, digits and -, a letter first")


class Topology(StrEnum):
    """How the box stands in the building; hil.rig.virtual.topology has the plan of each."""

    ROUTER = "router"
    BEHIND_FIREWALL = "behind-firewall"
    ONE_LEG = "one-leg"


@dataclass(frozen=True)
class Ipv6Line:
    """IPv6 of one ISP. It translates nothing: the cloud sees what the box sent."""

    edge_cidr: str  # what the box must take
    gateway_cidr: str
    prefix: str  # what the ISP routes to the box
    public_cidr: str  # the ISP's side towards the cloud
    cloud_cidr: str

    @property
    def gateway(self) -> str:
        """The next hop the box must take."""
        return self.gateway_cidr.partition("/")[0]


@dataclass(frozen=True)
class Isp:
    """One way to the internet: the edge's side, the ISP's two sides, the cloud's side."""

    name: str  # also the name of its namespace
    edge_interface: str
    edge_cidr: str  # what the box must take: private (fibre box) or carrier-grade (RFC 6598)
    gateway: str  # the next hop the box must take: the ISP's own box, or the commune's router before it
    gateway_cidr: str  # the ISP's own address towards its customer
    public: str  # the address the cloud sees
    public_cidr: str
    cloud_interface: str
    cloud_cidr: str
    cloud: str  # the ISP's default gateway
    resolver: str  # answers its own customers only
    resolver_says: str  # the address of every name it knows; tells which resolver was asked
    ipv6: Ipv6Line
    inside_interface: str = "box0"  # in the ISP's namespace, towards the box
    outside_interface: str = "net0"  # in the ISP's namespace, towards the cloud

    @property
    def address(self) -> str:
        """The ISP's own address towards its customer."""
        return self.gateway_cidr.partition("/")[0]


@dataclass(frozen=True)
class Commune:
    """The commune's own router between the building and the fibre: it translates, keeps state, lets nobody in."""

    inside_cidr: str
    outside_cidr: str = "192.168.1.2/24"  # private: behind it the ISP translates once more
    inside_interface: str = "in0"  # towards the box; on one leg a switch, with the telephones on it
    outside_interface: str = "out0"
    udp_timeout_s: int = 5  # shorter than any that is known, so that a test need not wait


@dataclass(frozen=True)
class Phone:
    """A telephone of the LAN and its account at the cloud PBX."""

    number: str
    name: str
    address: str
    password: str


@dataclass(frozen=True)
class Plan:
    """Everything a part or a test needs to know of the town without asking it.

    Addresses: RFC 5737 and RFC 6598; of IPv6 RFC 3849 and, inside, RFC 4193.
    """

    name: str
    topology: Topology = Topology.ROUTER
    commune: Commune | None = None
    fibre: Isp = Isp(
        name="fibre",
        edge_interface="fibre0",
        edge_cidr="192.168.1.2/24",
        gateway="192.168.1.1",
        gateway_cidr="192.168.1.1/24",
        public="198.51.100.2",
        public_cidr="198.51.100.2/24",
        cloud_interface="fibre0",
        cloud_cidr="198.51.100.1/24",
        cloud="198.51.100.1",
        resolver="198.51.100.53",
        resolver_says="192.0.2.81",
        ipv6=Ipv6Line(
            edge_cidr="2001:db8:f::2/64",
            gateway_cidr="2001:db8:f::1/64",
            prefix="2001:db8:f00::/48",
            public_cidr="2001:db8:f:1::2/64",
            cloud_cidr="2001:db8:f:1::1/64",
        ),
    )
    lte: Isp = Isp(
        name="lte",
        edge_interface="wwan0",
        edge_cidr="100.64.7.2/30",
        gateway="100.64.7.1",
        gateway_cidr="100.64.7.1/30",
        public="203.0.113.2",
        public_cidr="203.0.113.2/24",
        cloud_interface="lte0",
        cloud_cidr="203.0.113.1/24",
        cloud="203.0.113.1",
        resolver="203.0.113.53",
        resolver_says="192.0.2.82",
        ipv6=Ipv6Line(
            edge_cidr="2001:db8:4::2/64",
            gateway_cidr="2001:db8:4::1/64",
            prefix="2001:db8:400::/48",
            public_cidr="2001:db8:4:1::2/64",
            cloud_cidr="2001:db8:4:1::1/64",
        ),
    )
    lan_network: str = "10.77.0.0/24"
    lan_interface: str = "lan0"  # the name on both sides
    edge_lan: str = "10.77.0.1"
    dhcp_first: str = "10.77.0.150"
    dhcp_last: str = "10.77.0.199"
    staff_network: str = "10.78.0.0/24"
    staff_interface: str = "staff0"  # the name on both sides
    edge_staff: str = "10.78.0.1"
    staff_host: str = "10.78.0.20"
    probe_host: str = "10.77.0.20"
    ula: str = "fd77:7:7::/48"
    edge_lan_ipv6: str = "fd77:7:7:1::1"
    probe_host_ipv6: str = "fd77:7:7:1::20"
    browser_host: str = "10.77.0.50"
    phones: tuple[Phone, ...] = (
        Phone("101", "Accueil", "10.77.0.101", "accueil-101-secret"),
        Phone("102", "Secretariat", "10.77.0.102", "secretariat-102-secret"),
        Phone("103", "Police municipale", "10.77.0.103", "police-103-secret"),
    )
    sip_domain: str = "mairie.example"
    cloud_pbx: str = "192.0.2.10"
    pstn: str = "192.0.2.20"
    sip_port: int = 5060
    targets: tuple[str, ...] = ("192.0.2.31", "192.0.2.32", "192.0.2.33")
    target_udp_port: int = 7
    target_tcp_port: int = 443
    target_dns_port: int = 53
    target_dns_name: str = "sonde.mairie.example"  # the one name the targets know
    target_dns_address: str = "192.0.2.80"  # its A record; nobody is there
    target_http_port: int = 80
    target_http_body: str = "repli-ok"  # to every request
    target_sip_port: int = 5060  # OPTIONS over UDP
    resolved_zone: str = "noms.example"  # every name below it is known to the ISPs' resolvers
    ntp: str = "192.0.2.50"
    ntp_ahead_s: int = 20  # of the machine's clock: who has the time from it is told from who has it from the machine
    echo: str = "192.0.2.40"
    echo_port: int = 7007
    echo_ipv6: str = "2001:db8:c0::40"
    web_port: int = 8080

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise BadName(self.name)

    @property
    def isps(self) -> tuple[Isp, Isp]:
        """Both ways to the internet, the preferred one first."""
        return (self.fibre, self.lte)

    @property
    def edge_lan_cidr(self) -> str:
        """The box's address in the LAN with the LAN's prefix."""
        return f"{self.edge_lan}/{self.lan_network.partition('/')[2]}"

    @property
    def one_leg(self) -> bool:
        """Whether the box's only interface in the building is also its way to the fibre."""
        return self.fibre.edge_cidr.partition("/")[0] == self.edge_lan

    @property
    def roles(self) -> tuple[str, ...]:
        """Every namespace that the town has before its parts start."""
        return NAMESPACES if self.commune is None else (*NAMESPACES, "commune")

    def customer(self, isp: Isp) -> tuple[str, str]:
        """Namespace and interface at the end of an ISP's cable."""
        if self.commune is not None and isp is self.fibre:
            return "commune", self.commune.outside_interface
        return "edge", isp.edge_interface

    @property
    def inside_router(self) -> str:
        """The namespace of whoever routes for the building."""
        return "commune" if self.one_leg else "edge"

    @property
    def lan_gateway(self) -> str:
        """The default gateway of telephones and browsers."""
        return self.fibre.gateway if self.one_leg else self.edge_lan

    @property
    def near_end(self) -> tuple[str, str]:
        """Namespace and address that measured flows are sent from: on one leg only the box's own flows are its affair."""
        return ("edge", self.edge_lan) if self.one_leg else ("lan", self.probe_host)

    @property
    def lan_hosts(self) -> tuple[str, ...]:
        """Every address of the LAN namespace; the first is the source of what binds to none."""
        return (self.browser_host, self.probe_host, *(phone.address for phone in self.phones))

    @property
    def cloud_services(self) -> tuple[str, ...]:
        """Every address of the cloud namespace that is reached through the ISPs."""
        return (self.cloud_pbx, self.pstn, *self.targets, self.ntp, self.echo, *(isp.resolver for isp in self.isps))

    @property
    def folder(self) -> Path:
        """The town's private folder: logs, state, the appliance's root."""
        return TOWNS / self.name

    @property
    def lock_file(self) -> Path:
        """Locked as long as the town or its warden lives."""
        return TOWNS / f"{self.name}.lock"

    @property
    def modem_device(self) -> Path:
        """Where the virtual modem's AT port is found; a symlink, so that it may be re-pointed."""
        return self.folder / "modem-at"

    def namespace(self, role: str) -> str:
        """Full name of a namespace of the town or of a part. Raises KeyError for another role."""
        if role not in (*NAMESPACES, *SOME_NAMESPACES):
            raise KeyError(f"a town has no namespace {role!r}: it has {', '.join((*NAMESPACES, *SOME_NAMESPACES))}")
        return f"{self.name}-{role}"
