"""What persons want of the links: force or forbid, with reason and expiry. Pure; docs/adr/0092 says which clock counts.

A wish ends after so many seconds of running, whatever the wall clock does meanwhile. The wall clock is asked one thing only, and
only while a time server disciplines it: how long the box was off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.shared.clock import utc_text
from edge.shared.messages.uplinks import Override, OverrideParams, Wish
from edge.uplinks.situation import Wishes

SECOND = 10**9


@dataclass(frozen=True)
class Moment:
    """One moment by both clocks."""

    utc: datetime
    monotonic_ns: int
    disciplined: bool  # whether utc is to be believed


@dataclass(frozen=True)
class Term:
    """A wish and its end."""

    override: Override
    ends_ns: int  # CLOCK_MONOTONIC of this boot
    ends_utc: datetime | None = None  # the same by a disciplined clock, for the boot after this one
    inherited: bool = False  # from a boot before: how long the box was off is not counted yet


def with_wish(terms: Sequence[Term], params: OverrideParams, now: Moment) -> list[Term]:
    """The wishes after one more: one a link, one forced link in all. The same request again changes nothing."""
    if any(term.override.request_id == params.request_id for term in terms):
        return list(terms)
    new = Override(
        link=params.link,
        wish=params.wish,
        reason=params.reason,
        author=params.actor.user,
        set_at=utc_text(now.utc),
        expires_at=utc_text(now.utc + timedelta(seconds=params.expires_in_s)),
        request_id=params.request_id,
    )
    kept = [
        term
        for term in terms
        if term.override.link != new.link and not (term.override.wish is Wish.FORCE and new.wish is Wish.FORCE)
    ]
    return [*kept, counted(Term(new, now.monotonic_ns + params.expires_in_s * SECOND), now)]


def counted(term: Term, now: Moment) -> Term:
    """The same once the clock is disciplined: the time that the box was off is taken off what is left, never added."""
    if not now.disciplined:
        return term
    left = timedelta(microseconds=(term.ends_ns - now.monotonic_ns) / 1000)
    if term.inherited and term.ends_utc is not None:
        left = min(left, term.ends_utc - now.utc)
    ends_ns = now.monotonic_ns + left // timedelta(microseconds=1) * 1000
    return replace(term, ends_ns=ends_ns, ends_utc=now.utc + left, inherited=False)


def after_boot(term: Term, left_ns: int) -> Term:
    """A wish in a new boot, of which so much was left when it was last written down: the boot itself counts already."""
    return replace(term, ends_ns=left_ns, inherited=True)


def unexpired(terms: Iterable[Term], now: Moment) -> list[Term]:
    """Those that have not ended, of links that the settings do not have, too: they may have them again."""
    return [term for term in terms if term.ends_ns > now.monotonic_ns]


def in_force(terms: Iterable[Term], links: Iterable[str], now: Moment) -> list[Override]:
    """Those that have not ended, of links that the settings have; their end by the wall clock as it is now."""
    known = set(links)
    return [_shown(term, now) for term in unexpired(terms, now) if term.override.link in known]


def wishes(entries: Iterable[Override]) -> Wishes:
    """What the decision has to know of them."""
    entries = list(entries)
    forced = [entry.link for entry in entries if entry.wish is Wish.FORCE]
    return Wishes(
        forced=forced[-1] if forced else None,
        forbidden=frozenset(entry.link for entry in entries if entry.wish is Wish.FORBID),
    )


def _shown(term: Term, now: Moment) -> Override:
    """To the second: both clocks are read one after the other."""
    end = now.utc + timedelta(microseconds=(term.ends_ns - now.monotonic_ns) / 1000, milliseconds=500)
    return term.override.model_copy(update={"expires_at": utc_text(end.replace(microsecond=0))})
