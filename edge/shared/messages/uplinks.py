"""fr.repli.uplinks: the links to the internet and every change between them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import STATUS, Actor, Role
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, NoParams, Params


class UplinkState(StrEnum):
    """What the probes say of a link."""

    ABSENT = "absent"  # no such interface
    NO_CARRIER = "no_carrier"
    NO_ADDRESS = "no_address"
    UNPROVED = "unproved"  # no round of probes has been answered yet
    UP = "up"
    POOR = "poor"  # answers, but its loss, delay, jitter or MOS is beyond a limit
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
    loss_percent: float | None = Field(None, description="Probes without answer, over the last 20 rounds")
    rtt_ms: float | None = Field(None, description="Median round-trip time over the last 20 rounds")
    jitter_ms: float | None = Field(None, description="Variation of the delay over the last 20 rounds")
    mos: float | None = Field(None, description="Quality of a call by the E-model (ITU-T G.107), 1.0 to 4.4")
    forced: bool = Field(False, description="Somebody wants this link to carry")
    forbidden: bool = Field(False, description="Somebody does not want this link to carry")
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
    QUALITY = "quality"  # the link answered, but poorly, and another was better
    FORCED = "forced"  # somebody wanted it
    FORBIDDEN = "forbidden"  # somebody did not want the link before
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


class Wish(StrEnum):
    """What a person wants of a link."""

    FORCE = "force"  # it carries, before every preference; left when it dies, as any link
    FORBID = "forbid"  # never moved to; left, if it carries, as soon as another could


class Override(Message):
    """A person's wish about one link, until it is released or expires."""

    link: str
    wish: Wish
    reason: str
    author: str
    set_at: str = Field(description="RFC 3339, UTC")
    expires_at: str = Field(description="RFC 3339, UTC")
    request_id: str


class ProbeOutcome(StrEnum):
    """What became of one probe."""

    ANSWERED = "answered"
    TIMEOUT = "timeout"  # nothing came back in time
    REFUSED = "refused"  # somebody there says no
    WRONG = "wrong"  # an answer, but not the expected one
    UNSENT = "unsent"  # the box itself could not send it


class UplinksState(Message):
    """All links, the newest change, and what persons want."""

    active: str | None
    uplinks: list[Uplink]
    last_switch: Switch | None = None
    overrides: list[Override] = []


class HistoryParams(Params):
    """How many changes, newest last."""

    limit: int = Field(100, ge=1, le=10_000)


class HistoryResult(Message):
    """Changes of the active link, oldest first."""

    switches: list[Switch]


class OverrideParams(Params):
    """A wish about one link. The same request_id twice is once the deed."""

    link: str
    wish: Wish
    reason: str = Field(min_length=1, max_length=200)
    expires_in_s: int = Field(86_400, ge=60, le=31 * 86_400)
    request_id: str = Field(min_length=1, max_length=100)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class ReleaseParams(Params):
    """Whose wish ends; link absent: every wish."""

    link: str | None = None
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class OverridesResult(Message):
    """What persons want, after the call."""

    overrides: list[Override]


class NoSuchUplink(ErrorReply):
    """The settings have no link of this name."""

    uplink: str


class RoleRequired(ErrorReply):
    """The acting person may not do this."""

    role: Role


class WishNotKept(ErrorReply):
    """The wish could not be written down (disk full, read-only): nothing was changed."""

    reason: str


OVERRIDE = Method("Override", OverrideParams, OverridesResult, "Force or forbid a link, with reason and expiry.")
RELEASE = Method("Release", ReleaseParams, OverridesResult, "End the wish about a link, or every wish.")
LIST = Method("List", NoParams, UplinksState, "All links as they are now.")
HISTORY = Method("History", HistoryParams, HistoryResult, "Every change of the active link, with cause and times.")
WATCH = Method("Watch", NoParams, UplinksState, "All links, then again at each change.", streams=True)

UPLINKS = Interface(
    "fr.repli.uplinks",
    "The links to the internet: which carries, and every change between them.",
    [STATUS, LIST, HISTORY, WATCH, OVERRIDE, RELEASE],
    [NoSuchUplink, RoleRequired, WishNotKept],
)
