"""What an answer, a report or the passing of time means for one part of a message. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edge.modem.pdu.tpdu import StatusReport
from edge.shared.messages.modem import SegmentState

# +CMS ERROR after which nobody knows: 41 temporary failure, 42 congestion, 332 network time-out, 500 unknown and above
# it the makers' own (TS 27.005, 3.2.5; TS 24.011, E.2).
UNKNOWN_OUTCOME = frozenset({41, 42, 332})
MAKERS_OWN = 500
# This number or this text will be refused again: unassigned, rejected, unidentified or unknown subscriber, invalid.
# What is the SIM's or the network's own (barred, not subscribed, no service) is none of these: it passes, or another SIM
# may send, and an alert must not be dropped for it.
LASTING = frozenset({1, 21, 28, 30, 81, 95, 96, 97, 98, 99, 111, 304, 305})
LASTING_TRIES = 3
LASTING_TRIES_IN_DOUBT = 30  # half an hour
# A message of which parts have left goes whole through another modem after so many refusals of the next: 15 s.
BOUND_TRIES = 5
BACKOFF_MAX_S = 60.0
# TP-SCTS is in whole seconds of the network's clock.
SCTS_TOLERANCE = timedelta(seconds=10)
SCTS_GRAIN = timedelta(seconds=1)
LAG_TOLERANCE = timedelta(seconds=5)  # networks take one part quicker than another
CLOCK_UNTRUSTED = timedelta(seconds=60)  # no network takes that long: a clock was set
VALIDITY_EXPIRED = 0x46  # TP-ST "SM validity period expired"


class Outcome(StrEnum):
    """What became of one attempt to hand a part to the network."""

    CLAIMED = "claimed"
    SUBMITTED = "submitted"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What a refusal means."""

    RETRY = "retry"
    UNKNOWN = "unknown"
    GIVE_UP = "give_up"


def judge_refusal(code: int | None, attempts: int, *, in_doubt: bool = False) -> Verdict:
    """Judge an error that came after the text was handed over. attempts counts this one.

    An error without a number says nothing about the network: the outcome is unknown. in_doubt: the network may mean
    this SIM rather than the number, as operators say 21 to those they block.
    """
    if code is None or code in UNKNOWN_OUTCOME or code >= MAKERS_OWN:
        return Verdict.UNKNOWN
    if code in LASTING and attempts >= (LASTING_TRIES_IN_DOUBT if in_doubt else LASTING_TRIES):
        return Verdict.GIVE_UP
    return Verdict.RETRY


def retry_delay(attempts: int) -> timedelta:
    """How long a refused part waits: 1, 2, 4 ... 60 s. It is never dropped for a passing trouble of the network."""
    return timedelta(seconds=min(BACKOFF_MAX_S, 2.0 ** min(max(attempts, 1) - 1, 10)))


def state_of_report(status: int) -> SegmentState | None:
    """What TP-ST says (TS 23.040, 9.2.3.15); None while the network still tries."""
    if status < 0x20:
        return SegmentState.DELIVERED
    if status < 0x40:
        return None
    return SegmentState.EXPIRED if status == VALIDITY_EXPIRED else SegmentState.FAILED


def after_report(current: SegmentState, reported: SegmentState | None) -> SegmentState | None:
    """The state a report leads to; None when it changes nothing."""
    if reported is None:  # the network has it and still tries
        return SegmentState.SUBMITTED if current is SegmentState.UNCERTAIN else None
    if current is SegmentState.DELIVERED or current is reported:
        return None
    if reported is not SegmentState.DELIVERED and current in (SegmentState.QUEUED, SegmentState.CLAIMED):
        return None  # the first sending failed; a second one is under way
    if current is SegmentState.CLAIMED:
        return None  # the modem is being given it again just now: its own answer moves it
    return reported


UNANSWERED = frozenset({Outcome.CLAIMED, Outcome.UNCERTAIN})


@dataclass(frozen=True)
class Attempt:
    """One handing over of one part, as the matching of reports sees it."""

    id: int
    outcome: Outcome
    claimed_at: datetime
    reference: int | None
    predicted: int | None
    reported: bool
    taken_at: datetime | None = None  # TP-SCTS of its last report


def match_report(
    report: StatusReport,
    attempts: Sequence[Attempt],
    behind: timedelta = timedelta(),
    lag: timedelta | None = None,
) -> Attempt | None:
    """Find the attempt a report is about, among those on this modem and to this recipient.

    TP-MR has 8 bits and wraps, so among equal references the newest one that was handed over before the network took
    it (TP-SCTS) wins. An attempt whose answer was lost has no reference: its report comes for the same recipient, was
    taken after the handing over, and best carries the reference predicted for it. behind: how far the network's clock
    was behind ours when last seen; a box without a battery-kept clock may be minutes off. lag: the usual TP-SCTS less
    the handing over, where reports told it. A report that the network repeats, as it does when the acknowledgement was
    lost, is about the part it was about before, and settles no other.
    """
    newest = sorted(attempts, key=lambda attempt: attempt.id, reverse=True)
    known = [attempt for attempt in newest if attempt.reference == report.reference]
    in_time = [attempt for attempt in newest if not attempt.reported and _taken_after(report, attempt, behind)]
    told = [attempt for attempt in known if attempt.reported and attempt.taken_at == report.sent_at]
    if told and not any(attempt in in_time for attempt in known):
        return told[0]
    unanswered = [attempt for attempt in in_time if _is_open(attempt)]
    likely = _likely_by_time(report, unanswered, lag)
    expected = [attempt for attempt in likely if attempt.predicted == report.reference]
    best = [attempt for attempt in in_time if attempt in known or attempt in expected]
    if best:
        return best[0]
    # Answered with this reference, and taken before it was handed over: a clock was set. No guess is better than that.
    answered = [attempt for attempt in known if not attempt.reported]
    if answered:
        return answered[0]
    if likely:
        return min(likely, key=lambda attempt: (_steps_from_prediction(report, attempt), attempt.id))
    if known:
        return known[0]
    # Taken before it was handed over: one of the clocks is wrong, ours since it was set perhaps. The reference tells.
    foretold = (attempt for attempt in newest if _is_open(attempt) and attempt.predicted == report.reference)
    return next(foretold, None)


def _is_open(attempt: Attempt) -> bool:
    return not attempt.reported and attempt.reference is None and attempt.outcome in UNANSWERED


def _likely_by_time(report: StatusReport, unanswered: list[Attempt], lag: timedelta | None) -> list[Attempt]:
    """Those whose handing over fits TP-SCTS as well as any; all where no clock can tell.

    A prediction is wrong after every part that was claimed and never reached the modem, as a kill -9 leaves them; the
    modem does one part after another, so that its time tells which one the network took.
    """
    if lag is None or len(unanswered) < 2:
        return unanswered
    off = {attempt.id: report.sent_at - attempt.claimed_at - lag for attempt in unanswered}
    possible = [attempt for attempt in unanswered if off[attempt.id] >= -LAG_TOLERANCE]
    nearest = min((abs(off[attempt.id]) for attempt in possible), default=CLOCK_UNTRUSTED)
    if nearest >= CLOCK_UNTRUSTED:
        return unanswered
    return [attempt for attempt in possible if abs(off[attempt.id]) - nearest < SCTS_GRAIN]


def _taken_after(report: StatusReport, attempt: Attempt, behind: timedelta) -> bool:
    return report.sent_at >= attempt.claimed_at - max(behind, timedelta()) - SCTS_TOLERANCE


def _steps_from_prediction(report: StatusReport, attempt: Attempt) -> int:
    """The prediction is off by the submits in between that the network did not take."""
    if attempt.predicted is None:
        return 128
    steps = (report.reference - attempt.predicted) % 256
    return min(steps, 256 - steps)


def window_is_over(uncertain_since: float, listening_since: float | None, window: timedelta, now: float) -> bool:
    """Whether the report of an uncertain part had its time to come. Times are monotonic seconds.

    Reports reach the modem that sent: while it is away the window does not run out by the clock alone, it starts anew
    when the modem listens again. A modem that does not come back (None) is waited for as long as a fresh one would be.
    """
    starts = [start for start in (uncertain_since, listening_since) if start is not None]
    return all(now >= start + window.total_seconds() for start in starts)
