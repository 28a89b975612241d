"""fr.repli.modem: SMS out and in, through whichever modem is there."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import STATUS
from edge.shared.messages.modem_at import AT, AT_ERRORS
from edge.shared.messages.modem_bearer import BEARER_ERRORS, BEARER_METHODS
from edge.shared.messages.modem_calls import CALL_ERRORS, CALL_METHODS
from edge.shared.messages.modem_radio import RADIO_ERRORS, RADIO_METHODS
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, NoParams, Params

LIMIT_MAX = 100_000  # messages in one answer
VALIDITY_MAX_S = 7 * 86_400
WITHDRAW_MAX = 10_000  # messages named in one answer

USUAL_RECIPIENTS = 200  # a month and SIM; French operators stop "unlimited" plans at about 200 to 250


class SegmentState(StrEnum):
    """Where one part of a message is. queued -> claimed -> submitted -> delivered | failed | expired; uncertain between.

    queued -> expired | withdrawn: it waited longer than its message is valid, or the message was taken back.
    """

    QUEUED = "queued"
    CLAIMED = "claimed"  # the intent to hand it to the modem is on disk
    SUBMITTED = "submitted"  # the network accepted it and gave a reference
    UNCERTAIN = "uncertain"  # handed over, the answer lost: nobody knows until a report comes
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"  # not delivered in its time: here no way was open, or the network gave up
    WITHDRAWN = "withdrawn"


class SmsSeverity(StrEnum):
    """How much a message matters: which one goes first, how it is paced, how long the network tries to deliver it."""

    CRISIS = "crisis"  # to the crisis cell: before all others, never paced
    URGENT = "urgent"  # an alert
    ROUTINE = "routine"  # everything else, exercises too


class Segment(Message):
    """One part of a message."""

    number: int = Field(description="1 for the first part")
    state: SegmentState
    reference: int | None = Field(None, description="TP-MR given by the modem (3GPP TS 23.040, 9.2.3.6)")
    attempts: int = 0
    maybe_dup: bool = Field(False, description="Sent again although the first sending may have reached the phone")
    may_have_left: bool = Field(
        False, description="Expired or withdrawn, and handed over before without an answer: the phone may have it"
    )
    modem: str | None = None
    error: str | None = Field(None, description="Last refusal, e.g. +CMS ERROR: 38")
    updated_at: str


class OutboxEntry(Message):
    """One message and its parts."""

    id: int
    request_id: str
    number: str
    text: str
    encoding: str = Field(description="gsm7 or ucs2")
    severity: SmsSeverity = SmsSeverity.ROUTINE
    queued_at: str
    validity_s: float = Field(0, description="Seconds from its acceptance on in which it may be sent")
    valid_until: str | None = Field(
        None, description="While a part waits: the end of that by the clock as it is now, RFC 3339"
    )
    withdrawn_at: str | None = Field(None, description="Taken back then; what had left by then has left")
    segments: list[Segment]


class SendParams(Params):
    """A message for one number. The same request_id twice is once the deed."""

    number: str = Field(min_length=1, max_length=21)
    text: str = Field(min_length=1, max_length=3000)
    request_id: str = Field(min_length=1, max_length=200)
    severity: SmsSeverity = Field(SmsSeverity.ROUTINE, description="Of the first request, if the same is made twice")
    validity_s: int | None = Field(
        None,
        ge=1,
        le=VALIDITY_MAX_S,
        description="Seconds from now in which it may be sent and delivered; what still waits then expires. Absent: as the "
        "settings say (24 h; the network then tries for 1, 3 or 6 h by severity). It counts in steps of 5 minutes",
    )


class SendResult(Message):
    """The message as it stands in the outbox, durably."""

    message: OutboxEntry
    repeated: bool = Field(description="True when this request_id was known: nothing new was queued")


class Fate(StrEnum):
    """What a withdrawal came to for one message."""

    WITHDRAWN = "withdrawn"  # nothing of it left, and nothing will
    UNDER_WAY = (
        "under_way"  # it, or a part of it, is being handed over or was, and nobody knows yet: Outbox tells later
    )
    SENT = "sent"  # the network has it, or parts of it: then the rest follows
    MAYBE_SENT = "maybe_sent"  # it ended unsent, but for a handing over without an answer before: the phone may have it
    OVER = "over"  # it had failed or expired before


class WithdrawParams(Params):
    """Which messages: by number, by request id, or all whose request id begins so. Twice is once."""

    messages: list[int] = Field([], max_length=WITHDRAW_MAX)
    request_ids: list[str] = Field([], max_length=WITHDRAW_MAX)
    beginning: str | None = Field(
        None,
        min_length=3,
        max_length=200,
        pattern="/$",
        description="Of request ids, e.g. of one alert, up to and with a slash; those that are put in later are withdrawn, too",
    )


class Withdrawn(Message):
    """One message, and what the withdrawal came to."""

    id: int
    request_id: str
    number: str
    fate: Fate


class WithdrawResult(Message):
    """Every message that was meant, newest first, as it stands now, durably."""

    messages: list[Withdrawn] = Field(description=f"{WITHDRAW_MAX} at most")
    counts: dict[str, int] = Field(description="How many of each fate, of all")


class OutboxParams(Params):
    """Which messages: newest first, or those of one request_id."""

    limit: int = Field(100, ge=1, le=LIMIT_MAX)
    request_id: str | None = None
    states: list[SegmentState] = Field([], description="Only messages with a part in one of these; empty: all")


class OutboxResult(Message):
    """Messages and the states of their parts."""

    messages: list[OutboxEntry]
    change: int = Field(0, description="The newest change of the outbox: where to watch from")


class InboundSms(Message):
    """A message received. seq grows; a reader that keeps the last seq it handled sees each one once."""

    seq: int
    number: str
    text: str
    sent_at: str = Field(description="TP-SCTS, RFC 3339")
    received_at: str
    complete: bool = Field(True, description="False: parts of a long message did not come in time, marked […] in it")
    replaces: int | None = Field(None, description="seq it was shown as before its late parts came; that one is gone")


class AsideReason(StrEnum):
    """Why something received is no message from a person."""

    UNREADABLE = "unreadable"
    WAITING = "waiting"  # the network's: voice mail, fax or mail waits
    DATA = "data"  # a program's: a picture message's announcement, settings
    SILENT = "silent"  # a test of the network, to be forgotten


class SetAside(Message):
    """Something received that is no message from a person."""

    reason: AsideReason
    modem: str
    number: str | None = None
    text: str | None = None
    pdu: str | None = Field(None, description="As it came, in hex")
    received_at: str


class InboxParams(Params):
    """Messages after a seq, oldest first. aside: how many of the things kept aside to show, newest first."""

    after: int = 0
    limit: int = Field(1000, ge=1, le=LIMIT_MAX)
    aside: int = Field(0, ge=0, le=1000)


class InboxResult(Message):
    """Messages received, oldest first."""

    messages: list[InboundSms]
    aside: list[SetAside] = []


class WatchParams(Params):
    """Where the reader stands: events after these are sent first, then new ones as they come."""

    inbox_after: int = 0
    changes_after: int = 0


class OutboxChange(Message):
    """A message whose parts changed state. change grows with every change of the outbox."""

    change: int
    message: OutboxEntry


class ModemEvent(Message):
    """Either a change of the outbox or a message received."""

    outbox: OutboxChange | None = None
    inbound: InboundSms | None = None


class ModemState(StrEnum):
    """What a modem does."""

    ABSENT = "absent"  # its device is not there
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"  # there, but it does not answer as a modem does


class Modem(Message):
    """One modem."""

    name: str
    device: str
    state: ModemState
    manufacturer: str | None = None
    model: str | None = None
    signal_dbm: int | None = Field(None, description="From AT+CSQ (3GPP TS 27.007, 8.5)")
    registered: bool | None = None
    operator: str | None = None
    queued: int = Field(0, description="Parts waiting, over all modems")


class GatewayState(StrEnum):
    """What an IP gateway does."""

    CONNECTING = "connecting"
    READY = "ready"
    SLOWED = "slowed"  # connected, and it says again and again that it takes nothing more now
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # it does not want this account


class GatewayEntry(Message):
    """One IP gateway that takes SMS."""

    name: str
    address: str
    state: GatewayState
    in_flight: int = Field(0, description="Parts handed over and not yet answered")


class ModemsResult(Message):
    """All modems of the settings, and all gateways."""

    modems: list[Modem]
    gateways: list[GatewayEntry] = []


class EstimateParams(Params):
    """Messages that might be sent: one for each recipient."""

    recipients: int = Field(ge=1, le=1_000_000)
    parts_each: int = Field(1, ge=1, le=255)
    severity: SmsSeverity = SmsSeverity.URGENT


class SimEstimate(Message):
    """What one SIM has left."""

    modem: str
    ready: bool
    part_s: float = Field(description="Seconds for each part, as measured lately")
    at_once: float | None = Field(description="Parts before pacing starts; absent: no pacing")
    per_minute: float | None = Field(description="Parts a minute after that; absent: no pacing")
    recipients_this_month: int
    recipients_left: int | None = Field(description="People the plan still allows this month; absent: no limit is set")


class EstimateResult(Message):
    """How long it would take, and whether the SIMs' plans have room for it."""

    parts: int
    parts_before: int = Field(description="Parts already waiting that would go first")
    minutes: float | None = Field(description="Until the last part is handed to the network; absent: there is no modem")
    too_late: int = Field(0, description="Messages that would expire before their turn")
    over_limit: int = Field(
        description="Recipients beyond the limits of the settings, if none was written to this month"
    )
    over_usual: int = Field(
        description=f"Recipients beyond {USUAL_RECIPIENTS} a month and SIM, where operators usually stop, with no limit set"
    )
    sims: list[SimEstimate]


class NumberRefused(ErrorReply):
    """Not a number an SMS can go to."""

    number: str


class TextRefused(ErrorReply):
    """The text needs more parts than a long message can have."""

    segments: int


class CharacterRefused(ErrorReply):
    """The text holds what no SMS can carry: NUL, or half a surrogate pair."""

    character: str = Field(description="Its code, e.g. U+0000")
    place: int = Field(description="1 for the first of the text")


class RequestIdReused(ErrorReply):
    """This request_id stands for another number or text."""

    request_id: str


class NothingNamed(ErrorReply):
    """Neither a message, nor a request id, nor the beginning of request ids was named."""


LIST = Method("List", NoParams, ModemsResult, "All modems as they are now.")
SEND = Method("Send", SendParams, SendResult, "Queue a message; it is on disk when this answers.")
WITHDRAW = Method(
    "Withdraw", WithdrawParams, WithdrawResult, "Take messages back: what has not left never leaves once this answers."
)
OUTBOX = Method("Outbox", OutboxParams, OutboxResult, "Messages and the states of their parts.")
INBOX = Method("Inbox", InboxParams, InboxResult, "Messages received.")
WATCH = Method("Watch", WatchParams, ModemEvent, "What happened since, then what happens.", streams=True)
ESTIMATE = Method("Estimate", EstimateParams, EstimateResult, "How long messages would take, and what the plans allow.")

# Several parts have some in common.
_ERRORS: list[type[ErrorReply]] = [
    NumberRefused,
    TextRefused,
    CharacterRefused,
    RequestIdReused,
    NothingNamed,
    *AT_ERRORS,
    *RADIO_ERRORS,
    *CALL_ERRORS,
    *BEARER_ERRORS,
]

MODEM = Interface(
    "fr.repli.modem",
    "SMS out and in. States of sending survive a crash; nothing is sent twice unless marked maybe_dup.",
    [STATUS, LIST, SEND, WITHDRAW, OUTBOX, INBOX, WATCH, ESTIMATE, AT, *RADIO_METHODS, *CALL_METHODS, *BEARER_METHODS],
    list(dict.fromkeys(_ERRORS)),
)
