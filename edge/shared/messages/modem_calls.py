"""fr.repli.modem: calls over the modem's own voice channel (their control; the sound is not here), and USSD."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import REQUEST_ID_MAX
from edge.shared.varlink_idl import Empty, ErrorReply, Message, Method, Params

KEYS_MAX = 32
USSD_WAIT_S = 60.0  # longer than any network lets a dialogue stand


class CallState(StrEnum):
    """Where a call is. requested -> dialling -> alerting -> active -> ended, or ringing -> active -> ended."""

    REQUESTED = "requested"  # on disk; the modem is about to be told
    DIALLING = "dialling"
    ALERTING = "alerting"  # it rings at the other end
    RINGING = "ringing"  # it rings here
    WAITING = "waiting"  # it rings here while another call is up
    ACTIVE = "active"
    HELD = "held"
    ENDED = "ended"


class CallCause(StrEnum):
    """Why a call ended."""

    HUNG_UP = "hung_up"  # by us
    OTHER_END = "other_end"  # by the other end, after a conversation
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    MISSED = "missed"  # it rang here and nobody answered
    BAD_NUMBER = "bad_number"
    BARRED = "barred"  # by the operator or on the SIM
    CONGESTED = "congested"
    NO_NETWORK = "no_network"
    REFUSED = "refused"  # by the modem: it does not know how, or not now
    MODEM_SILENT = "modem_silent"  # it said nothing to the dial
    LOST = "lost"  # the modem went away, or the daemon was away when it ended
    UNKNOWN = "unknown"


class Call(Message):
    """One call over a modem."""

    id: int
    request_id: str | None = Field(None, description="Of its Dial; none for a call from outside")
    modem: str
    incoming: bool
    number: str | None = Field(None, description="Dialled, or the caller's; none when it is withheld")
    state: CallState
    cause: CallCause | None = Field(None, description="Once it ended")
    detail: str = Field("", description="The modem's own words about the end")
    started_at: str
    answered_at: str | None = None
    ended_at: str | None = None


class DialParams(Params):
    """Whom to call. The same request_id twice is one call."""

    number: str = Field(min_length=1, max_length=40)
    modem: str | None = Field(None, description="Absent: the first that is ready and has no call")
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)


class DialResult(Message):
    """The call as it stands, durably."""

    call: Call
    repeated: bool = Field(description="True when this request_id was known: nothing new was dialled")


class CallParams(Params):
    """Which call."""

    call: int


class KeysParams(Params):
    """Keys to press in a call. The same request_id twice in one call is once the deed."""

    call: int
    keys: str = Field(pattern=rf"^[0-9A-D*#]{{1,{KEYS_MAX}}}$")
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)


class CallsParams(Params):
    """Which calls: newest first, or the one of a request_id."""

    limit: int = Field(100, ge=1, le=10_000)
    request_id: str | None = None


class CallsResult(Message):
    """Calls in progress and past."""

    calls: list[Call]


class CallEvent(Message):
    """A call that changed, or a key pressed at the other end of one. First all that are in progress."""

    call: Call
    key: str | None = Field(None, description="Pressed at the other end: 0-9, *, #, A-D")


class UssdParams(Params):
    """A code, or the reply to a question of the network. The same request_id twice is asked once."""

    code: str = Field(min_length=1, max_length=182)
    modem: str | None = Field(None, description="Absent: the first that is ready")
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)


class UssdOutcome(StrEnum):
    """What became of a dialogue."""

    ASKED = "asked"  # no answer known: it was given to a modem, and the answer lost
    ANSWERED = "answered"
    WANTS_MORE = "wants_more"  # the network waits for a reply: send it as the next code, or cancel
    ENDED = "ended"  # by the network
    NOT_SUPPORTED = "not_supported"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"  # by the modem
    CANCELLED = "cancelled"


class UssdResult(Message):
    """What the network said."""

    modem: str
    outcome: UssdOutcome
    text: str = ""
    repeated: bool = Field(False, description="True when this request_id was known: nothing was asked anew")


class UssdCancelParams(Params):
    """Whose dialogue is ended."""

    modem: str | None = None


class NoModemReady(ErrorReply):
    """No modem, or not the one named, is ready now."""

    modem: str


class ModemInCall(ErrorReply):
    """Each modem that may has a call already."""

    modem: str


class NotDiallable(ErrorReply):
    """Not a number a phone can dial."""

    number: str


class NoSuchCall(ErrorReply):
    """There is no such call, or not any more."""

    call: int


class CallNotThere(ErrorReply):
    """The call is not in a state for this: no answering what does not ring, no keys where nobody speaks."""

    call: int
    state: CallState


class NotACode(ErrorReply):
    """Not what a phone can key in."""

    code: str


class UssdBusy(ErrorReply):
    """This modem is in a dialogue."""

    modem: str


DIAL = Method(
    "Dial", DialParams, DialResult, "Call a number. It is on disk when this answers; watch it with WatchCalls."
)
ANSWER = Method("Answer", CallParams, Empty, "Answer a call that rings here.")
HANG_UP = Method("HangUp", CallParams, Empty, "End a call, or refuse one that rings; harmless when it ended.")
SEND_DTMF = Method("SendDtmf", KeysParams, Empty, "Press keys in a call.")
CALLS = Method("Calls", CallsParams, CallsResult, "Calls in progress and past.")
WATCH_CALLS = Method("WatchCalls", CallsParams, CallEvent, "Calls in progress, then what happens.", streams=True)
USSD = Method(
    "Ussd", UssdParams, UssdResult, "Ask the network by a code, e.g. for the balance; answers with its answer."
)
USSD_CANCEL = Method("UssdCancel", UssdCancelParams, Empty, "End the dialogue with the network.")

CALL_METHODS = (DIAL, ANSWER, HANG_UP, SEND_DTMF, CALLS, WATCH_CALLS, USSD, USSD_CANCEL)
CALL_ERRORS = (NoModemReady, ModemInCall, NotDiallable, NoSuchCall, CallNotThere, NotACode, UssdBusy)
