"""The part of fr.repli.uplinks about what may pass: what is in force, and cutting the staff's zone off."""

from __future__ import annotations

from pydantic import Field

from edge.shared.messages.common import LINE, REASON_MAX, REQUEST_ID_MAX, Actor, Role
from edge.shared.varlink_idl import ErrorReply, Message, Method, Params


class FirewallZone(Message):
    """One network of the building."""

    name: str
    interface: str
    role: str = Field(description="staff, phones, crisis, guest")
    networks: list[str] = Field([], description="Addresses that may come from it; none: those of the interface itself")
    isolated: bool = False


class Opening(Message):
    """A way in from outside, as the settings open it."""

    name: str
    protocol: str
    ports: list[str]
    sources: list[str] = Field([], description="Who may come; none: everybody")
    links: list[str] = Field([], description="Links by which they may come; none: every link")
    to: str | None = Field(None, description="The host inside; null: the box itself")
    to_port: int | None = None


class Dropped(Message):
    """What was refused since the rules were applied."""

    link: str | None = Field(description="Where it came from; null: from inside")
    packets: int
    octets: int


class Isolation(Message):
    """The zones that are cut off, until somebody ends it."""

    zones: list[str]
    reason: str
    author: str
    since: str = Field(description="RFC 3339, UTC")


class FirewallParams(Params):
    """Whether the rules themselves are wanted, too."""

    rules: bool = False


class FirewallState(Message):
    """What is in force."""

    table: str = Field(description="Name of the nftables table")
    applied_at: str | None = Field(None, description="RFC 3339, UTC; null: not in this life of the daemon")
    refused: str | None = Field(
        None, description="Why the kernel refused the newest rules; older ones are in force then"
    )
    zones: list[FirewallZone] = Field([], description="None: every interface that is no link is one trusted LAN")
    openings: list[Opening] = []
    dropped: list[Dropped] = []
    isolation: Isolation | None = None
    rules: str | None = Field(None, description="The table as the kernel holds it, in nftables' language")


class IsolateParams(Params):
    """Cut zones off, or end that. The same request_id twice is once the deed."""

    on: bool
    zones: list[str] = Field([], description="None: every zone of the staff, or every isolated one")
    reason: str = Field("", max_length=REASON_MAX, pattern=LINE, description="Wanted when zones are cut off")
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class IsolateResult(Message):
    """What is cut off after the call."""

    isolation: Isolation | None


class NoZoneToIsolate(ErrorReply):
    """The settings have no zone of the staff that reaches others through the box alone."""


class NoSuchZone(ErrorReply):
    """The settings have no zone of the staff of this name."""

    zone: str


class ReasonRequired(ErrorReply):
    """Zones are cut off for a reason that others can read."""


class IsolationRefused(ErrorReply):
    """The kernel refused. It is tried again until it succeeds, and shown as an issue."""

    reason: str


FIREWALL = Method("Firewall", FirewallParams, FirewallState, "What may pass: zones, openings, what was refused.")
ISOLATE = Method("Isolate", IsolateParams, IsolateResult, "Cut the staff's zones off from everything, or end that.")
ERRORS: list[type[ErrorReply]] = [NoZoneToIsolate, NoSuchZone, ReasonRequired, IsolationRefused]
