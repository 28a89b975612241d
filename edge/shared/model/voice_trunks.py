"""The ways out of the building that do not depend on the cloud PBX, and where the calls that come in by them ring."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, Given, Section, Slug, duplicates
from edge.shared.model.numbering import E164, CallerPattern, NumberForm, SipUser

HOST = r"^[A-Za-z0-9.-]*$"
REALM = r'^[^"\\\x00-\x1f\x7f]*$'

OutsideNumber = Annotated[str, StringConstraints(pattern=r"^(\+|00)?[0-9]{3,15}$")]


class Transport(StrEnum):
    """SIP transports of this version."""

    UDP = "udp"
    TCP = "tcp"


class TrunkKind(StrEnum):
    """How a trunk's operator knows us."""

    IP = "ip"  # by our address
    REGISTRATION = "registration"  # by a registration of ours
    GATEWAY = "gateway"  # it is the box's own media gateway (mobile network)


class Trunk(Section):
    """A way out to the telephone network that does not depend on the cloud PBX."""

    name: Slug = Field(description="What people call it")
    kind: TrunkKind = Field(TrunkKind.IP, description="ip, registration, or gateway (the box's own media gateway)")
    address: IPv4Address = Field(description="Where the trunk's operator answers")
    port: int = Field(5060, ge=1, le=65535, description="Its SIP port")
    transport: Transport = Transport.UDP
    domain: str = Field("", max_length=253, pattern=HOST, description="Its SIP domain; absent: its address")
    username: SipUser | None = Field(None, description="Our account there, where the operator wants one")
    password: str | None = Field(None, min_length=1, max_length=128, description="Password of the account")
    ha1: str | None = Field(None, pattern=r"^[0-9a-fA-F]{32}$", description="MD5(username:realm:password) in hex")
    realm: str = Field("", max_length=253, pattern=REALM, description="Realm of its challenges; absent: its domain")
    expires_s: int = Field(300, ge=30, le=86_400, description="How long a registration is asked for")
    channels: int | None = Field(None, ge=1, le=1000, description="Calls at once, both directions; absent: no limit")
    calls_per_s: int | None = Field(None, ge=1, le=1000, description="New calls out per second; absent: no limit")
    probe: bool = Field(True, description="Whether it answers OPTIONS; false: only a call tells that it is dead")
    sources: list[IPv4Network] = Field([], description="Networks its calls may come from, besides its address")
    numbers: NumberForm = Field(NumberForm.NATIONAL, description="How its operator writes numbers")
    caller: E164 | None = Field(None, description="The site's number on it, shown for callers it does not accept")
    accepts: list[CallerPattern] = Field(
        [], description="Other caller numbers it accepts; +33123456* is every one that begins so, +* any"
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """One secret at most, never without an account, an account for every registration, and a substitute for callers
        it does not accept."""
        if given.get("accepts") and given.get("caller") is None:
            yield Broken(("caller",), "missing", "missing")
        secret = next((name for name in ("password", "ha1") if given.get(name) is not None), None)
        if given.get("password") is not None and given.get("ha1") is not None:
            yield Broken(("ha1",), "not_allowed", "password or ha1, not both", {"with": "password"})
        if given.get("username") is None and (secret is not None or given.get("kind") == TrunkKind.REGISTRATION):
            yield Broken(("username",), "missing", "missing")
        if secret is None and given.get("username") is not None:
            yield Broken(("password",), "missing", "missing")


class InboundNumber(Section):
    """One number of the town hall, and who answers it."""

    number: OutsideNumber = Field(description="As the public dials it: 0123456789, +33123456789 or 0033123456789")
    to: SipUser = Field(description="Extension, hunt group or short number that rings")


class Inbound(Section):
    """Where calls from outside ring when they come in by a trunk."""

    numbers: list[InboundNumber] = []
    default: SipUser | None = Field(None, description="Who answers every other number; absent: nobody")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """A number rings in one place."""
        yield from duplicates(given, "numbers", "number")
