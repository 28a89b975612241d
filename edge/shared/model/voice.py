"""Section voice: listen addresses, the cloud PBX, extensions, trunks and the emergency table."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from edge.shared.model.base import Broken, Given, Section, Slug, duplicates
from edge.shared.model.dialling import one_number_twice, strange_members, to_emergency, unknown_trunks
from edge.shared.model.forwarding import Forward
from edge.shared.model.groups import Group
from edge.shared.model.hours import Hours, strange_numbers
from edge.shared.model.numbering import (
    E164,
    FRENCH_EMERGENCY,
    CallClass,
    Number,
    Pickup,
    Prefix,
    ShortNumber,
    SipUser,
)
from edge.shared.model.voice_trunks import REALM, Inbound, Transport, Trunk

# RFC 1123, 2.1, with the underscore of service names; the last label has a letter, or it would be an address.
HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _address_or_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    with contextlib.suppress(ValueError):
        return IPv4Address(value)
    if len(value) > 253 or not HOST.fullmatch(value):
        raise PydanticCustomError("host", "neither an IPv4 address nor a host name")
    return value.lower()


Host = Annotated[IPv4Address | str, BeforeValidator(_address_or_name)]

DOMAIN = r"^[A-Za-z0-9.-]*$"

PREEMPTING = ["112", "15", "17", "18", "114"]


class Listen(Section):
    """An address and port on which phones are served."""

    address: IPv4Address = Field(description="An address of this box; loopback is allowed")
    port: int = Field(5060, ge=1, le=65535, description="SIP port")
    transport: Transport = Transport.UDP
    outside: bool = Field(
        False, description="Open to the internet: whoever calls by it is outside the building, whatever the address"
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """A real address: the box tells it to phones and PBX."""
        if str(given.get("address")) == "0.0.0.0":  # noqa: S104 - refused, not bound
            yield Broken(("address",), "not_allowed", "0.0.0.0 cannot be told to phones: name the box's own address")


class CloudPbx(Section):
    """The operator's PBX. A name is resolved by the box, never in the signalling path."""

    address: Host = Field(description="Where the operator's PBX answers: an address or a name (SRV, A)")
    port: int = Field(5060, ge=1, le=65535, description="Its SIP port; given, a name's SRV records are not asked for")
    transport: Transport = Transport.UDP


class Upstream(Section):
    """What an extension is at the cloud PBX, when its phone has a password of the box's instead."""

    user: SipUser = Field(description="User at the cloud PBX")
    password: str | None = Field(None, min_length=1, max_length=128, description="Its password there")
    ha1: str | None = Field(None, pattern=r"^[0-9a-fA-F]{32}$", description="MD5(user:realm:password) in hex")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """One secret."""
        if given.get("password") is not None and given.get("ha1") is not None:
            yield Broken(("ha1",), "not_allowed", "password or ha1, not both", {"with": "password"})
        elif given.get("password") is None and given.get("ha1") is None:
            yield Broken(("password",), "missing", "missing")


class Extension(Section):
    """A phone's number and its digest secret: password, or HA1 = MD5(user:realm:password) in hex. Neither: unprotected."""

    number: SipUser = Field(description="Number or name the phone registers with")
    name: str = Field("", max_length=60, description="Who or what it is, e.g. Accueil")
    password: str | None = Field(None, min_length=1, max_length=128, description="Digest password, as the phone has it")
    ha1: str | None = Field(None, pattern=r"^[0-9a-fA-F]{32}$", description="MD5(number:realm:password) in hex")
    may_call: list[CallClass] = Field(
        [CallClass.INTERNAL, CallClass.NATIONAL, CallClass.MOBILE],
        description="What it may call when the box decides; emergency numbers always",
    )
    caller: E164 | None = Field(None, description="Its own number outside; absent: the site's number on each trunk")
    pickup_group: Slug | None = Field(None, description="Phones of one group may take each other's ringing calls")
    forward: Forward = Forward()
    upstream: Upstream | None = Field(
        None, description="The box registers at the cloud PBX for it by this; the phone proves itself to the box alone"
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """One secret at most."""
        if given.get("password") is not None and given.get("ha1") is not None:
            yield Broken(("ha1",), "not_allowed", "password or ha1, not both", {"with": "password"})
        if given.get("upstream") is not None and given.get("password") is None and given.get("ha1") is None:
            yield Broken(("password",), "missing", "missing")


class Emergency(Section):
    """Numbers that reach a way out from any phone of the LAN, before authentication, bans and limits."""

    numbers: list[Number] = Field(FRENCH_EMERGENCY, description="Numbers that are emergencies")
    test_number: Number | None = Field(
        None, description="A number that takes the very same path, for tests: a telephone of yours outside"
    )
    caller: Number | None = Field(
        None,
        description="The site's number, shown to the emergency services by a trunk; absent: the trunk's own, else our account "
        "there or an extension",
    )
    preempting: list[Number] = Field(
        PREEMPTING, description="Those that end another call when every channel of every way out is busy"
    )
    trunks: list[Slug] = Field([], description="Trunks in order; absent: every trunk, then the cloud PBX")


class GuardSection(Section):
    """What keeps scanners, guessers and floods away."""

    ban_s: int = Field(3600, ge=10, le=2_592_000, description="How long an address outside is blocked, in seconds")


class Records(Section):
    """What is kept of calls: who called whom, when, and how it was answered."""

    keep_days: int = Field(365, ge=1, le=1825, description="How long; at most 200 000 calls whatever the days")


class VoiceSection(Section):
    """The telephones of the building."""

    listen: list[Listen] = []
    domain: str = Field("", max_length=253, pattern=DOMAIN, description="SIP domain of the phones' addresses")
    realm: str = Field("", max_length=253, pattern=REALM, description="Digest realm; absent: the domain")
    networks: list[IPv4Network] = Field(
        [], description="Networks whose callers have the emergency table; absent: every private and loopback network"
    )
    cloud: CloudPbx | None = None
    extensions: list[Extension] = []
    trunks: list[Trunk] = []
    inbound: Inbound = Inbound()
    emergency: Emergency = Emergency()
    records: Records = Records()
    guard: GuardSection = GuardSection()
    short_numbers: list[ShortNumber] = []
    groups: list[Group] = []
    prefixes: list[Prefix] = []
    pickup: Pickup = Pickup()
    hours: Hours = Hours()
    outside: str = Field(
        "", pattern=r"^[0-9]?$", description="Digit that people dial before an outside number; absent: none"
    )
    probe_interval_s: int = Field(2, ge=1, le=60, description="Between two OPTIONS to the cloud PBX")
    keepalive_s: int = Field(25, ge=1, le=300, description="Between two OPTIONS to a phone behind a NAT")
    answer_timeout_ms: int = Field(
        1500, ge=300, le=10_000, description="Silence of the cloud PBX before the box answers itself"
    )
    hold_down_s: float = Field(
        15.0, ge=0, le=3600, description="Good answers for so long before calls go to the cloud again"
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Numbers, names and sockets are distinct, trunks named exist, and whoever serves phones has a domain."""
        yield from duplicates(given, "listen", "port", "address", "transport")
        yield from duplicates(given, "extensions", "number")
        yield from duplicates(given, "trunks", "name")
        yield from unknown_trunks(given)
        yield from one_number_twice(given)
        yield from strange_members(given)
        yield from strange_numbers(given)
        yield from to_emergency(given)
        if (given.get("extensions") or given.get("cloud")) and not given.get("domain"):
            yield Broken(("domain",), "missing", "missing")
