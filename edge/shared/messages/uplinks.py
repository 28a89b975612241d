"""fr.repli.uplinks: the links to the internet and every change between them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from annotated_types import Timezone
from pydantic import Field

from edge.shared.messages import uplinks_firewall
from edge.shared.messages.common import LINE, REASON_MAX, REQUEST_ID_MAX, STATUS, Actor, Role, RoleRequired
from edge.shared.messages.uplinks_firewall import FIREWALL, ISOLATE
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
    probe_standby_ms: int | None = Field(None, description="Between two rounds of probes while it stands by")
    probe_mb_month: float | None = Field(None, description="Megabytes of probes in a month of nothing but standing by")
    probe_bytes: int = Field(0, description="Of probes and their answers since uplinks started, IP headers included")
    probe_bytes_month: int = Field(0, description="The same this calendar month (UTC), through restarts")
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


class EvidenceSecond(Message):
    """The probes sent over one link in one second."""

    before_s: int = Field(description="Seconds before the detection")
    sent: int
    lost: int
    rtt_ms: float | None = Field(None, description="Median")


class LinkEvidence(Message):
    """What was known of one link when the active link changed."""

    link: str
    state: UplinkState
    lost_in_row: int = Field(description="Rounds of probes without answer, up to then")
    last_answer_ms: float | None = Field(None, description="How long before the detection it last answered")
    sent: int = Field(description="Probes of all these seconds")
    lost: int
    rtt_ms: float | None = Field(None, description="Median of the last second that had an answer")
    seconds: list[EvidenceSecond] = Field([], description="Oldest first; a second without probes is absent")


class SwitchEvidence(Message):
    """Why the active link changed: the seconds before, link by link. Words are made from it and from the cause."""

    links: list[LinkEvidence]


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
    evidence: SwitchEvidence | None = Field(None, description="Only of a switch that was asked for by its seq")


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
    """How many changes, newest last; or one, with its evidence."""

    limit: int = Field(100, ge=1, le=10_000)
    seq: int | None = Field(None, ge=1)


class HistoryResult(Message):
    """Changes of the active link, oldest first."""

    switches: list[Switch]


class OverrideParams(Params):
    """A wish about one link. The same request_id twice is once the deed."""

    link: str
    wish: Wish
    reason: str = Field(min_length=1, max_length=REASON_MAX, pattern=LINE)
    expires_in_s: int = Field(86_400, ge=60, le=31 * 86_400)
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)
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


class WishNotKept(ErrorReply):
    """The wish could not be written down (disk full, read-only): nothing was changed."""

    reason: str


class Resolution(StrEnum):
    """What one sample stands for."""

    SECOND = "second"  # kept for an hour
    MINUTE = "minute"  # kept for 31 days


SAMPLES_MAX = 1440


class SamplesParams(Params):
    """Which samples of a link: the first ones from a moment on. The next ones begin after the last one's `at`."""

    link: str
    since: Annotated[datetime, Timezone(...)] = Field(description="RFC 3339, with its zone")
    resolution: Resolution = Resolution.MINUTE
    limit: int = Field(SAMPLES_MAX, ge=1, le=SAMPLES_MAX)


class Sample(Message):
    """The probes sent over a link in one second or minute."""

    at: str = Field(description="When it began; RFC 3339, UTC, by the clock as it is now")
    sent: int
    lost: int
    rtt_min_ms: float | None = None
    rtt_ms: float | None = Field(None, description="Median; null: nothing was answered")
    rtt_max_ms: float | None = None
    jitter_ms: float | None = Field(None, description="Mean difference between one round's delay and the next one's")


class SamplesResult(Message):
    """Oldest first; time without probes has no samples."""

    samples: list[Sample]


class ProbeParams(Params):
    """Which link's targets; absent: those of all."""

    link: str | None = None


class TargetProbed(Message):
    """What one target said."""

    kind: str
    host: str
    port: int | None = None
    outcome: ProbeOutcome
    rtt_ms: float | None = None
    got: str = Field(
        "", description="What came instead of the right answer, or why nothing was sent; a stranger's text"
    )


class LinkProbed(Message):
    """What the targets of one link said."""

    link: str
    interface: str
    targets: list[TargetProbed]
    wait_s: int = Field(0, description="A metered link asked less than a minute ago is not asked: seconds until it is")


class ProbeResult(Message):
    """Every link that was to be asked."""

    links: list[LinkProbed]


class BudgetLevel(StrEnum):
    """How a link stands with the data that is paid for."""

    UNLIMITED = "unlimited"  # the settings give it no budget
    ENOUGH = "enough"
    NEARLY_USED = "nearly_used"
    USED = "used"


class ClassUse(Message):
    """Bytes of IP that one class of flow used this month."""

    flow_class: str = Field(description="bulk, rtp, sip, box (what the box itself says)")
    in_bytes: int
    out_bytes: int


class LinkBudget(Message):
    """The data of one link this month."""

    link: str
    month: str = Field(description="First day of its month, UTC")
    next_month: str = Field(description="First day of the next one")
    classes: list[ClassUse]
    used_bytes: int
    budget_bytes: int | None = None
    level: BudgetLevel
    forecast_bytes: int | None = Field(
        None, description="At the end of the month, if it goes on like this; null in the first day"
    )
    stopped: list[str] = Field([], description="Classes that this link carries no more")


class BudgetResult(Message):
    """The data of every link."""

    links: list[LinkBudget]


BUDGET = Method("Budget", NoParams, BudgetResult, "What each link used this month, by class of flow.")
LIST = Method("List", NoParams, UplinksState, "All links as they are now.")
HISTORY = Method("History", HistoryParams, HistoryResult, "Every change of the active link, with cause and times.")
SAMPLES = Method("Samples", SamplesParams, SamplesResult, "Loss, delay and jitter of a link in the past.")
PROBE = Method("Probe", ProbeParams, ProbeResult, "Ask every target once, now. Answers within three seconds.")
WATCH = Method("Watch", NoParams, UplinksState, "All links, then again at each change.", streams=True)
OVERRIDE = Method("Override", OverrideParams, OverridesResult, "Force or forbid a link, with reason and expiry.")
RELEASE = Method("Release", ReleaseParams, OverridesResult, "End the wish about a link, or every wish.")

UPLINKS = Interface(
    "fr.repli.uplinks",
    "The links to the internet: which carries, and every change between them.",
    [STATUS, LIST, HISTORY, SAMPLES, PROBE, BUDGET, WATCH, OVERRIDE, RELEASE, FIREWALL, ISOLATE],
    [NoSuchUplink, RoleRequired, WishNotKept, *uplinks_firewall.ERRORS],
)
