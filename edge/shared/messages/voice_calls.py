"""fr.repli.voice, the calls: live, recent, and counted by the day."""

from __future__ import annotations

from pydantic import Field

from edge.shared.varlink_idl import ErrorReply, Message, Method, NoParams, Params

LIMIT_MAX = 1000
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT = "RFC 3339, UTC"


class CallRecord(Message):
    """One call. Numbers are in clear."""

    id: int
    begun: str = Field(description=MOMENT)
    answered: str | None = Field(None, description=f"{MOMENT}; null: nobody did (yet)")
    ended: str | None = Field(None, description=f"{MOMENT}; null: it is live, or its end was not seen")
    state: str = Field(
        description="Stable id: ringing, talking, answered, busy, no_answer, gave_up, unproved, refused, end_unknown"
    )
    live: bool
    direction: str = Field(description="in, out, inside")
    caller: str
    dialled: str
    source: str = Field(description="The address it came from")
    emergency: bool = False
    mode: str = Field("", description="cloud, local: who decided calls when it began")
    way: str = Field("", description="The trunk it took last, or came by; @cloud: the cloud PBX")
    answered_by: str = Field("", description="The extension, where it is known")
    answer_s: float | None = Field(None, description="From its beginning to the answer")
    talk_s: float | None = Field(None, description="From the answer to the end")
    code: int = Field(0, description="SIP code of a call nobody answered")
    trail: list[str] = Field([], description="Each decision on its way, in order: WORD or WORD:WHAT")


class CallsParams(Params):
    """Which calls."""

    limit: int = Field(100, ge=1, le=LIMIT_MAX)
    live: bool = Field(False, description="Only those that ring or talk now")


class CallsResult(Message):
    """Calls; of Calls the newest first, of WatchCalls the oldest first."""

    calls: list[CallRecord]


class Count(Message):
    """The calls of one extension, group or trunk."""

    name: str
    made: int = Field(0, description="Begun here, or taken by the trunk outwards")
    answered: int = Field(0, description="Answered here, or come in by the trunk and answered")
    missed: int = Field(0, description="Called and not answered, or not taken by the trunk")


class StatsParams(Params):
    """Which day."""

    day: str | None = Field(None, pattern=DAY, description="By the box's clock; absent: today")


class StatsResult(Message):
    """The calls of a day."""

    day: str
    incoming: int = 0
    outgoing: int = 0
    inside: int = 0
    answered: int = Field(0, description="Of all of them")
    missed: int = Field(0, description="Come in, or inside, and not answered")
    unfinished: int = Field(0, description="Live, or their end was not seen before they were answered")
    emergencies: int = 0
    answer_mean_s: float | None = Field(None, description="Time to the answer, of those come in or inside")
    answer_p95_s: float | None = None
    hours: list[int] = Field([], description="Calls begun in each hour of the day, 24 of them")
    busiest_hour: int | None = Field(None, description="0 to 23")
    extensions: list[Count] = []
    dialled: list[Count] = Field([], description="Numbers called that several phones answer: hunt groups")
    trunks: list[Count] = []


class RecordsNotKept(ErrorReply):
    """The ledger of calls cannot be read."""

    reason: str


class NoSuchDay(ErrorReply):
    """The calendar has no such day."""

    day: str


CALLS = Method("Calls", CallsParams, CallsResult, "The newest calls, or those live now.")
CALL_STATS = Method("CallStats", StatsParams, StatsResult, "The calls of a day.")
WATCH_CALLS = Method(
    "WatchCalls",
    NoParams,
    CallsResult,
    "The live calls and the emergency calls of the last hour, and all of them again at each change.",
    streams=True,
)
