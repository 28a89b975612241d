"""Redirects by a person: which may be, and which are in force. Pure.

They end by the wall clock, because that is what people mean by 18:00; nothing is written when one ends, so that a clock that
was wrong for a while ends none. A number has one redirect at most: the newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge.shared.clock import utc_text
from edge.shared.messages.voice_redirects import (
    DAYS_MAX,
    ClockNotSet,
    DestinationIsEmergency,
    DestinationUnknown,
    HourNotUnderstood,
    HourPast,
    HourTooFar,
    NothingToRedirect,
    NoWayOutside,
    Redirect,
    RedirectGoesRound,
    RedirectNotAllowed,
    RedirectParams,
)
from edge.shared.model.voice import VoiceSection
from edge.shared.varlink_idl import ErrorReply
from edge.voice.calendar import believable
from edge.voice.dialplan import inside_numbers
from edge.voice.outside import emergency, lists_of_ways, outside, rights
from edge.voice.plans import HOPS_MAX, plan
from edge.voice.standing import Because, Instead

REQUESTS_MAX = 200  # requests that are known again
KEEP = timedelta(days=31)  # after its end, for a clock that was wrong


@dataclass(frozen=True)
class Book:
    """All that is remembered: by number, and what was asked for by request_id."""

    redirects: Mapping[str, Redirect] = field(default_factory=dict)
    requests: Mapping[str, str] = field(default_factory=dict)

    def in_force(self, now: datetime) -> list[Redirect]:
        """Those that have not ended, by number."""
        return [one for _, one in sorted(self.redirects.items()) if _ends(one) > now]


def with_redirects(book: Book, params: RedirectParams, until: datetime, now: datetime) -> Book:
    """The book after one more request."""
    kept = {number: one for number, one in book.redirects.items() if _ends(one) + KEEP > now}
    new = {
        number: Redirect(
            number=number,
            to=params.to,
            until=until.isoformat(timespec="seconds"),
            reason=params.reason,
            author=params.actor.user,
            set_at=utc_text(now),
            request_id=params.request_id,
        )
        for number in params.numbers
    }
    known = [*book.requests.items(), (params.request_id, asked(params))]
    return Book({**kept, **new}, dict(known[-REQUESTS_MAX:]))


def without_redirects(book: Book, numbers: list[str]) -> Book:
    """The book after some, or all, are cancelled."""
    kept = {number: one for number, one in book.redirects.items() if numbers and number not in numbers}
    return replace(book, redirects=kept)


def asked(params: RedirectParams) -> str:
    """What a request is known by when it comes again."""
    return params.model_dump_json(exclude={"request_id", "actor"})


def ending(text: str, now: datetime, zone: ZoneInfo) -> datetime | ErrorReply:
    """The moment that is meant, in the site's zone; or why it is none."""
    if not believable(now):
        return ClockNotSet(date=f"{now:%Y-%m-%d}")
    local = now.astimezone(zone)
    try:
        if len(text) == len("18:00"):
            today = datetime.combine(local.date(), time.fromisoformat(text), zone)
            return today if today > now else today + timedelta(days=1)
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    except (ValueError, OverflowError):  # the year 1 has no day before its first
        return HourNotUnderstood(until=text)
    if moment <= now:
        return HourPast(until=text)
    if moment > now + timedelta(days=DAYS_MAX):
        return HourTooFar(until=text, days=DAYS_MAX)
    return moment


def refusal(voice: VoiceSection, numbers: list[str], to: str, in_force: Mapping[str, str]) -> ErrorReply | None:
    """Why these numbers cannot be redirected there. in_force: number -> where, of what is redirected already."""
    inside = inside_numbers(voice)
    for number in numbers:
        if number not in inside:
            return NothingToRedirect(number=number)
    meant = _meant(to, voice)
    if emergency(meant, voice) is not None:
        return DestinationIsEmergency(to=to)
    together = {**in_force, **dict.fromkeys(numbers, to)}
    for number in numbers:
        refused = _goes_round(voice, number, to, together) if meant in inside else _outside(voice, number, to)
        if refused is not None:
            return refused
    return None


def _goes_round(voice: VoiceSection, number: str, to: str, redirects: Mapping[str, str]) -> ErrorReply | None:
    """A circle is longer than any way that plans follow."""
    always = {one.number: one.forward.always for one in voice.extensions}
    now = to
    for _ in range(HOPS_MAX - 1):
        now = _meant(now, voice)
        following = redirects.get(now) or always.get(now)
        if following is None:
            break
        now = following
    else:
        return RedirectGoesRound(number=number, to=to)
    # A group all of whose members are redirected to it has nobody left.
    elsewhere = {one: Instead(where, Because("redirected")) for one, where in redirects.items()}
    return None if plan(number, voice, elsewhere).away else RedirectGoesRound(number=number, to=to)


def _outside(voice: VoiceSection, number: str, to: str) -> ErrorReply | None:
    found = outside(_meant(to, voice), voice)
    if found is None:
        return DestinationUnknown(to=to)
    if found.kind not in rights(number, voice):
        return RedirectNotAllowed(number=number, to=to, kind=found.kind)
    if not lists_of_ways(voice).get(found.ways):
        return NoWayOutside(to=to)
    return None


def _meant(number: str, voice: VoiceSection) -> str:
    return next((one.to for one in voice.short_numbers if one.number == number), number)


def _ends(redirect: Redirect) -> datetime:
    return datetime.fromisoformat(redirect.until)
