"""fr.repli.uplinks: the links to the internet and every change between them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import STATUS
from edge.shared.varlink_idl import Interface, Message, Method, NoParams, Params


class UplinkState(StrEnum):
    """What the probes say of a link."""

    ABSENT = "absent"  # no such interface
    NO_CARRIER = "no_carrier"
    NO_ADDRESS = "no_address"
    UNPROVED = "unproved"  # no round of probes has been answered yet
    UP = "up"
    SUSPECT = "suspect"  # unanswered rounds, not yet enough to call it dead
    DOWN = "down"


class Lease(Message):
    """What a DHCP server lent to a link."""

    address: str = Field(description="With prefix length")
    gateway: str | None = None
    dns: list[str] = Field([], description="The provider's resolvers, to be asked by this link only")
    server: str
    expires: str | None = Field(None, description="RFC 3339, UTC; null: never")


class Uplink(Message):
    """One link as it is now."""

    name: str
    interface: str
    kind: str
    state: UplinkState
    active: bool = Field(description="Carries new flows")
    metered: bool
    address: str | None = None
    gateway: str | None = None
    loss_percent: float | None = Field(None, description="Over the last 50 probes")
    rtt_ms: float | None = Field(None, description="Median over the last 50 answered probes")
    lease: Lease | None = Field(None, description="Of a link with address = dhcp that has one")
    modem: str | None = Field(None, description="The modem whose bearer the link is, as the settings say")
    since: str = Field(description="In this state since; RFC 3339, UTC")


class SwitchCause(StrEnum):
    """Why the active link changed."""

    START = "start"
    PROBES_LOST = "probes_lost"
    CARRIER_LOST = "carrier_lost"
    INTERFACE_GONE = "interface_gone"
    ADDRESS_LOST = "address_lost"
    RECOVERED = "recovered"  # no link carried, now this one answers
    FAILBACK = "failback"
    SETTINGS = "settings"


class Switch(Message):
    """One change of the active link. Monotonic times are CLOCK_MONOTONIC of this boot."""

    seq: int
    cause: SwitchCause
    from_link: str | None = Field(None, alias="from", description="null: no link carried")
    to_link: str | None = Field(None, alias="to", description="null: no link left, the last one keeps the routes")
    detected_monotonic_ns: int
    switched_monotonic_ns: int
    detected_at: str = Field(description="RFC 3339, UTC")
    switched_at: str = Field(description="RFC 3339, UTC")
    flows_flushed: bool = Field(False, description="Whether the dead link's flows were moved by flushing its mark")


class UplinksState(Message):
    """All links and the newest change."""

    active: str | None
    uplinks: list[Uplink]
    last_switch: Switch | None = None


class HistoryParams(Params):
    """How many changes, newest last."""

    limit: int = Field(100, ge=1, le=10_000)


class HistoryResult(Message):
    """Changes of the active link, oldest first."""

    switches: list[Switch]


LIST = Method("List", NoParams, UplinksState, "All links as they are now.")
HISTORY = Method("History", HistoryParams, HistoryResult, "Every change of the active link, with cause and times.")
WATCH = Method("Watch", NoParams, UplinksState, "All links, then again at each change.", streams=True)

UPLINKS = Interface(
    "fr.repli.uplinks",
    "The links to the internet: which carries, and every change between them.",
    [STATUS, LIST, HISTORY, WATCH],
)
