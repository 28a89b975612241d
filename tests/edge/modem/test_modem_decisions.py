"""The pure rules: which report is about which attempt, what a refusal means, when the window is over, how fast to send."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.numbers import dialled, same_phone_key
from edge.modem.one_modem import power
from edge.modem.pdu.tpdu import StatusReport
from edge.modem.port.lines import Line, LineReader, Prompt
from edge.modem.seldom import Seldom
from edge.modem.sending import estimate
from edge.modem.sending.decision import (
    Attempt,
    Outcome,
    Verdict,
    judge_refusal,
    match_report,
    state_of_report,
    window_is_over,
)
from edge.modem.sending.estimate import Sim
from edge.modem.sending.pacing import Pace
from edge.shared.messages.modem import SegmentState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def attempt(
    number: int,
    outcome: Outcome = Outcome.SUBMITTED,
    *,
    at: int = 0,
    reference: int | None = None,
    predicted: int | None = None,
    reported: bool = False,
    taken_at: int | None = None,
) -> Attempt:
    told = None if taken_at is None else NOON + timedelta(seconds=taken_at)
    return Attempt(number, outcome, NOON + timedelta(seconds=at), reference, predicted, reported, told)


def report(reference: int, *, at: int = 0) -> StatusReport:
    return StatusReport(reference, "+33612345678", NOON + timedelta(seconds=at), 0)


def matched(reference: int, at: int, *attempts: Attempt) -> int | None:
    found = match_report(report(reference, at=at), attempts)
    return found.id if found else None


def test_the_newest_of_equal_references_wins() -> None:
    assert matched(7, 600, attempt(1, at=0, reference=7), attempt(2, at=500, reference=7)) == 2


def test_a_late_report_goes_to_the_attempt_made_before_the_network_took_it() -> None:
    assert matched(7, 5, attempt(1, at=0, reference=7), attempt(2, at=500, reference=7)) == 1


def test_one_report_per_part() -> None:
    assert matched(7, 600, attempt(1, reference=7), attempt(2, at=500, reference=7, reported=True)) == 1


@pytest.mark.parametrize("predicted", [7, 8, None])
def test_a_report_that_the_network_repeats_settles_no_other_part(predicted: int | None) -> None:
    told = attempt(1, at=0, reference=7, reported=True, taken_at=3)
    uncertain = attempt(2, Outcome.UNCERTAIN, at=5, predicted=predicted)
    assert matched(7, 3, told, uncertain) == 1
    assert matched(7, 6, told, uncertain) == 2


def test_a_clock_that_was_set_back_gives_the_report_of_an_answered_part_to_no_other() -> None:
    """Handed over by a clock a year ahead; the lost one by the right clock, so that only its time would fit."""
    lost = attempt(1, Outcome.UNCERTAIN, at=0, predicted=7)
    answered = attempt(2, at=365 * 86_400, reference=8)
    assert matched(8, 30, lost, answered) == 2


def test_a_modem_that_counts_no_references_still_gets_a_report_for_each_part() -> None:
    told = attempt(1, at=0, reference=0, reported=True, taken_at=1)
    assert matched(0, 1, told, attempt(2, at=1, reference=0)) == 2


def test_an_uncertain_attempt_takes_the_report_with_the_predicted_reference() -> None:
    uncertain = attempt(2, Outcome.UNCERTAIN, at=10, predicted=8)
    other = attempt(3, Outcome.UNCERTAIN, at=12, predicted=9)
    assert matched(8, 13, attempt(1, reference=7), uncertain, other) == 2
    assert matched(9, 13, attempt(1, reference=7), uncertain, other) == 3


def test_a_prediction_off_by_one_still_finds_its_attempt() -> None:
    assert (
        matched(8, 11, attempt(1, reference=7, reported=True), attempt(2, Outcome.UNCERTAIN, at=10, predicted=9)) == 2
    )


def test_an_uncertain_attempt_does_not_take_a_report_of_something_taken_before_it() -> None:
    old = attempt(1, at=0, reference=7)
    uncertain = attempt(2, Outcome.UNCERTAIN, at=3600, predicted=7)
    assert matched(7, 1, old, uncertain) == 1
    assert matched(99, 1, old, uncertain) is None


def test_a_clock_ahead_of_the_networks_by_any_time_does_not_lose_the_report_that_was_foretold() -> None:
    uncertain = attempt(2, Outcome.UNCERTAIN, at=3600, predicted=8)
    assert matched(8, 1, attempt(1, at=3590, reference=7), uncertain) == 2
    assert matched(7, 1, attempt(1, at=3590, reference=7), uncertain) == 1
    assert matched(9, 1, attempt(1, at=3590, reference=7), uncertain) is None


def test_a_report_of_a_settled_attempt_is_not_given_to_another_one() -> None:
    settled = attempt(1, at=0, reference=7, reported=True)
    assert matched(7, 1, settled, attempt(2, at=100, reference=8)) == 1


# A part claimed as the daemon was killed never reached the modem; the next one got the reference predicted for it.
NEVER_GIVEN = attempt(1, Outcome.UNCERTAIN, at=10, predicted=3)
GIVEN = attempt(2, Outcome.UNCERTAIN, at=13, predicted=4)
LAG = timedelta(seconds=1)


def matched_by_time(reference: int, at: int, lag: timedelta | None, *attempts: Attempt) -> int | None:
    found = match_report(report(reference, at=at), attempts, lag=lag)
    return found.id if found else None


@pytest.mark.parametrize("at, number", [(14, 2), (15, 2), (11, 1), (10, 1)])
def test_time_tells_two_unanswered_parts_apart_where_the_prediction_is_wrong(at: int, number: int) -> None:
    assert matched_by_time(3, at, LAG, NEVER_GIVEN, GIVEN) == number


def test_a_part_that_the_network_takes_slowly_is_still_the_one_it_was_given_then() -> None:
    """Taken 12 s after it was handed over, and 8 s before the next one was."""
    assert matched_by_time(3, 22, LAG, NEVER_GIVEN, attempt(2, Outcome.UNCERTAIN, at=30, predicted=4)) == 1


def test_parts_handed_over_in_the_same_second_are_told_apart_by_the_prediction() -> None:
    other = attempt(2, Outcome.UNCERTAIN, at=10, predicted=4)
    assert matched_by_time(3, 11, LAG, NEVER_GIVEN, other) == 1
    assert matched_by_time(4, 11, LAG, NEVER_GIVEN, other) == 2


@pytest.mark.parametrize("lag", [None, timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_was_set_or_never_seen_tells_nothing(lag: timedelta | None) -> None:
    assert matched_by_time(3, 14, lag, NEVER_GIVEN, GIVEN) == 1
    assert matched_by_time(4, 14, lag, NEVER_GIVEN, GIVEN) == 2


def test_a_network_clock_behind_ours_does_not_lose_reports_with_a_known_reference() -> None:
    assert matched(7, -86400, attempt(1, at=0, reference=7)) == 1


@given(st.integers(0, 255), st.lists(st.tuples(st.integers(0, 255), st.booleans(), st.integers(0, 900)), max_size=12))
def test_only_attempts_that_can_be_meant_are_matched(reference: int, made: list[tuple[int, bool, int]]) -> None:
    attempts = [
        attempt(place, Outcome.SUBMITTED, at=at, reference=number)
        if known
        else attempt(place, Outcome.UNCERTAIN, at=at, predicted=number)
        for place, (number, known, at) in enumerate(made, start=1)
    ]
    found = match_report(report(reference, at=450), attempts)
    if found is not None:
        assert found.reference == reference or found.reference is None


@pytest.mark.parametrize(
    "code, tries, verdict",
    [
        (38, 50, Verdict.RETRY),  # network out of order: never dropped
        (331, 50, Verdict.RETRY),
        (41, 1, Verdict.UNKNOWN),
        (42, 1, Verdict.UNKNOWN),
        (332, 1, Verdict.UNKNOWN),
        (500, 1, Verdict.UNKNOWN),
        (517, 1, Verdict.UNKNOWN),
        (None, 1, Verdict.UNKNOWN),
        (8, 50, Verdict.RETRY),  # barred is the SIM: another may send
        (1, 1, Verdict.RETRY),
        (1, 3, Verdict.GIVE_UP),
    ],
)
def test_what_a_refusal_means(code: int | None, tries: int, verdict: Verdict) -> None:
    assert judge_refusal(code, tries) is verdict


def test_a_sim_that_is_refused_everything_is_what_the_network_means() -> None:
    assert judge_refusal(21, 3, in_doubt=True) is Verdict.RETRY
    assert judge_refusal(21, 30, in_doubt=True) is Verdict.GIVE_UP  # something is wrong with the number after all


def test_what_a_report_says() -> None:
    assert [state_of_report(status) for status in (0, 2, 0x20, 0x3F, 0x41, 0x46, 0x61)] == [
        SegmentState.DELIVERED,
        SegmentState.DELIVERED,
        None,
        None,
        SegmentState.FAILED,
        SegmentState.EXPIRED,
        SegmentState.FAILED,
    ]


def test_the_window_starts_anew_when_the_modem_listens_again() -> None:
    window = timedelta(seconds=60)
    assert window_is_over(100.0, 10.0, window, 161.0)
    assert not window_is_over(100.0, 130.0, window, 161.0)
    assert not window_is_over(100.0, None, window, 159.0)


@pytest.mark.parametrize(
    "other", ["0612345678", "06 12 34 56 78", "0033612345678", "33612345678", "+33 (0)6 12 34 56 78"]
)
def test_one_phone_has_one_key(other: str) -> None:
    assert same_phone_key(other) == same_phone_key("+33612345678")
    assert same_phone_key(other) != same_phone_key("+33612345679")


def test_numbers_as_they_are_dialled() -> None:
    assert dialled("06.12.34.56.78") == "0612345678"
    assert dialled("0033 6 12 34 56 78") == "+33612345678"
    assert dialled("0700 12 34 56 78 90") == "07001234567890"  # an M2M number has 14 digits
    assert dialled("114") == "114"
    assert [dialled(text) for text in ("17", "+", "", "Mairie", "0612345678x")] == [None] * 5


def test_a_burst_then_a_steady_pace() -> None:
    pace = Pace(3, 60, now=0)
    for _ in range(3):
        assert pace.wait(0) == 0
        pace.spend(0)
    assert pace.wait(0) == pytest.approx(1)
    assert pace.wait(1) == 0
    assert Pace(0, 20, now=0).wait(0) == 0  # without a burst the first part still goes


ANSWER = b'\r\nOK\r\n+CMTI: "ME",3\r\n\r\n> \r\n+CMGS: 12\r\n\r\nOK\r\n'
ITEMS = [Line("OK"), Line('+CMTI: "ME",3'), Prompt(), Line("+CMGS: 12"), Line("OK")]


@given(st.lists(st.integers(1, 9), max_size=40))
def test_pieces_of_any_size_make_the_same_lines(sizes: list[int]) -> None:
    reader, found, rest = LineReader(), [], ANSWER
    for size in sizes:
        piece, rest = rest[:size], rest[size:]
        found += reader.feed(piece)
    assert found + reader.feed(rest) == ITEMS


@given(st.binary(max_size=9000))
def test_noise_never_crashes_the_line_reader(noise: bytes) -> None:
    LineReader().feed(noise)


def test_a_clock_ahead_of_the_networks_is_allowed_for_once_it_is_known() -> None:
    uncertain = attempt(1, Outcome.UNCERTAIN, at=300, predicted=7)
    assert match_report(report(8, at=2), [uncertain]) is None
    assert match_report(report(8, at=2), [uncertain], behind=timedelta(seconds=300)) == uncertain


def test_a_pace_is_taken_up_where_it_was() -> None:
    assert Pace.resumed(3, 60, [], now=100).wait(100) == 0
    used = Pace.resumed(3, 60, [2.0, 1.0, 1.0, 0.5], now=100)
    assert used.left(100) == pytest.approx(1.0)
    assert Pace.resumed(3, 6, [1.0, 1.0, 1.0], now=100).wait(100) == pytest.approx(9.0)


def test_a_modem_that_hangs_gets_its_power_taken_away_ever_more_rarely() -> None:
    cycles, at, moments = power.Cycles(), 1000.0, []
    while at < 1000 + 6 * 3600:
        if power.due(cycles, at):
            cycles = power.asked(cycles, at)
            moments.append(at - 1000)
        at += 20
    assert moments[:4] == [0, 120, 720, 4320]
    assert len(moments) == 8
    assert power.works(cycles, at) == power.Cycles()
    again = power.asked(power.Cycles(), at)
    assert power.works(again, at + 30) == again  # it worked for half a minute: that cured nothing


def test_time_and_plan_of_many_messages() -> None:
    free = Sim(part_s=2.0, at_once=None, per_minute=None, recipients=0, cap=None)
    paced = Sim(part_s=2.0, at_once=100, per_minute=20, recipients=0, cap=None)
    assert estimate.minutes(30, []) is None
    assert estimate.minutes(30, [free]) == 1.0
    assert estimate.minutes(30, [free, free]) == 0.5
    assert estimate.minutes(1100, [paced]) == 50.0
    capped = Sim(part_s=2.0, at_once=None, per_minute=None, recipients=150, cap=200)
    assert estimate.over_limit(60, []) == estimate.over_usual(60, []) == 0
    assert estimate.over_limit(60, [capped]) == 10
    assert estimate.over_limit(60, [capped, free]) == 0
    assert estimate.over_usual(260, [capped, free]) == 10
    assert estimate.over_usual(260, [capped]) == 0


def test_what_comes_again_and_again_is_said_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    seldom = Seldom(logging.getLogger("modem"), lambda: now)
    with caplog.at_level(logging.INFO):
        for now in range(3600):
            seldom.warning("away", "m1: away %d", now)
            seldom.say(logging.INFO, "ready", "m1: ready")
    said = [record.getMessage() for record in caplog.records if "away" in record.getMessage()]
    assert said[:2] == ["m1: away 0", "m1: away 300 (and 299 like it before)"]
    assert len(caplog.records) == 24
