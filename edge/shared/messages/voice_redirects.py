"""fr.repli.voice: redirects, which send all calls of some numbers elsewhere until a given hour."""

from __future__ import annotations

from pydantic import Field

from edge.shared.messages.common import LINE, REASON_MAX, REQUEST_ID_MAX, Actor, Role
from edge.shared.model.numbering import SipUser
from edge.shared.varlink_idl import ErrorReply, Message, Method, NoParams, Params

NUMBERS_MAX = 500
DAYS_MAX = 366
UNTIL = r"^[0-9:T+.Z-]{4,40}$"


class Redirect(Message):
    """One number's calls, until the hour or until it is cancelled."""

    number: str = Field(description="An extension or a hunt group")
    to: str = Field(description="An extension, a hunt group or a number outside, as it was asked for")
    until: str = Field(description="RFC 3339, in the site's time zone")
    reason: str = ""
    author: str
    set_at: str = Field(description="RFC 3339, UTC")
    request_id: str


class RedirectParams(Params):
    """All of these numbers to one place. The same request_id twice is once the deed."""

    numbers: list[SipUser] = Field(min_length=1, max_length=NUMBERS_MAX, description="Extensions and hunt groups")
    to: SipUser
    until: str = Field(
        pattern=UNTIL,
        description="18:00, the next time that it is; or ISO 8601, without a zone: in the site's own",
    )
    reason: str = Field("", max_length=REASON_MAX, pattern=LINE)
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class CancelParams(Params):
    """Whose redirects end now; numbers absent: everybody's."""

    numbers: list[SipUser] = Field([], max_length=NUMBERS_MAX)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class RedirectsResult(Message):
    """What is redirected, after the call, by number."""

    redirects: list[Redirect]


class NothingToRedirect(ErrorReply):
    """The settings have no extension and no hunt group of this number."""

    number: str


class DestinationUnknown(ErrorReply):
    """Neither an extension nor a hunt group nor a number that exists outside."""

    to: str


class DestinationIsEmergency(ErrorReply):
    """Nobody's calls are sent to the emergency services."""

    to: str


class RedirectGoesRound(ErrorReply):
    """With what is redirected or forwarded already, calls would come back."""

    number: str
    to: str


class RedirectNotAllowed(ErrorReply):
    """The number has no right to such calls, and would pay for them."""

    number: str
    to: str
    kind: str


class NoWayOutside(ErrorReply):
    """No trunk takes calls to this number."""

    to: str


class HourNotUnderstood(ErrorReply):
    """Neither a time of day nor a moment."""

    until: str


class HourPast(ErrorReply):
    """It is over."""

    until: str


class HourTooFar(ErrorReply):
    """More than a year: that is a forward, which belongs into the settings."""

    until: str
    days: int


class ClockNotSet(ErrorReply):
    """The box does not know what time it is: no hour has a meaning."""

    date: str


class RedirectNotKept(ErrorReply):
    """It could not be written down (disk full, read-only): nothing was changed."""

    reason: str


class RequestIdReused(ErrorReply):
    """This request_id stands for another redirect."""

    request_id: str


REDIRECT = Method("Redirect", RedirectParams, RedirectsResult, "Send all calls of some numbers elsewhere for a while.")
REDIRECTS = Method("Redirects", NoParams, RedirectsResult, "What is redirected.")
CANCEL_REDIRECTS = Method("CancelRedirects", CancelParams, RedirectsResult, "End redirects before their hour.")

REDIRECT_METHODS = (REDIRECT, REDIRECTS, CANCEL_REDIRECTS)
REDIRECT_ERRORS = (
    NothingToRedirect,
    DestinationUnknown,
    DestinationIsEmergency,
    RedirectGoesRound,
    RedirectNotAllowed,
    NoWayOutside,
    HourNotUnderstood,
    HourPast,
    HourTooFar,
    ClockNotSet,
    RedirectNotKept,
    RequestIdReused,
)
