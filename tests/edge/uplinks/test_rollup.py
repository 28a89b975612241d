"""Rounds of probes become rows of seconds and minutes: every probe in exactly one of each, whatever the order and the clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.rollup import RollUp, Row

S = 10**9


@dataclass
class Over:
    sent_ns: int
    asked: int = 1
    rtts_ms: list[float] = field(default_factory=list)


def rolled(*rounds: Over, until_s: int) -> tuple[list[Row], list[Row]]:
    roll_up = RollUp()
    for entry in rounds:
        roll_up.add("fibre", entry)
    return roll_up.close(until_s * S)


def test_a_second_has_loss_spread_and_jitter() -> None:
    rounds = [Over(5 * S, 3, [10.0, 12.0, 30.0]), Over(5 * S + 1, 3, [16.0]), Over(5 * S + 2, 3, [])]
    seconds, _ = rolled(*rounds, until_s=8)
    # Medians of the rounds: 12, 16.
    assert seconds == [Row(5, "fibre", 9, 5, 10.0, 14.0, 30.0, 4.0)]


def test_a_second_without_answer_has_no_delay() -> None:
    seconds, _ = rolled(Over(5 * S, 3), until_s=8)
    assert seconds == [Row(5, "fibre", 3, 3)]


def test_an_answer_that_comes_late_is_no_loss() -> None:
    roll_up, late = RollUp(), Over(5 * S, 1)
    roll_up.add("fibre", late)
    assert roll_up.close(7 * S + S - 1) == ([], [])
    late.rtts_ms.append(900.0)
    assert roll_up.close(8 * S)[0] == [Row(5, "fibre", 1, 0, 900.0, 900.0, 900.0)]


def test_jitter_goes_on_over_the_edge_of_a_second() -> None:
    seconds, _ = rolled(
        Over(5 * S, 1, [10.0]), Over(6 * S, 1, [13.0]), Over(7 * S, 1), Over(8 * S, 1, [10.0]), until_s=11
    )
    assert [row.jitter_ms for row in seconds] == [None, 3.0, None, 3.0]


def test_a_minute_is_the_sum_of_its_seconds() -> None:
    rounds = [Over(second * S, 2, [float(second)]) for second in range(60, 120)]
    seconds, minutes = rolled(*rounds, until_s=122)
    assert len(seconds) == 60
    assert minutes == [Row(60, "fibre", 120, 60, 60.0, 89.5, 119.0, 1.0)]


def test_a_minute_waits_for_its_last_second() -> None:
    roll_up = RollUp()
    roll_up.add("fibre", Over(60 * S, 1, [1.0]))
    assert roll_up.close(121 * S + S - 1)[1] == []
    assert [row.start_s for row in roll_up.close(122 * S)[1]] == [60]
    assert roll_up.close(300 * S) == ([], [])


def test_a_round_that_ends_after_its_second_was_given_out_counts_in_the_next() -> None:
    roll_up = RollUp()
    roll_up.add("fibre", Over(5 * S, 1, [1.0]))
    roll_up.close(9 * S)
    roll_up.add("fibre", Over(5 * S, 1, [2.0]))
    assert [row.start_s for row in roll_up.close(20 * S)[0]] == [7]


def test_the_seconds_under_way_are_known_before_they_are_complete() -> None:
    roll_up = RollUp()
    roll_up.add("fibre", Over(5 * S, 3))
    roll_up.add("lte", Over(5 * S, 1, [40.0]))
    assert roll_up.newest("fibre", 0) == [Row(5, "fibre", 3, 3)]
    assert roll_up.newest("fibre", 6) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fibre", "lte"]),
            st.integers(0, 400 * S),
            st.integers(1, 4),
            st.lists(st.floats(0, 1000), max_size=4),
        ),
        max_size=60,
    ),
    st.lists(st.integers(0, 500), max_size=8),
)
def test_every_probe_is_in_exactly_one_second_and_one_minute(
    rounds: list[tuple[str, int, int, list[float]]], closings: list[int]
) -> None:
    roll_up, seconds, minutes = RollUp(), [], []
    for number, (link, sent_ns, asked, rtts) in enumerate(rounds):
        roll_up.add(link, Over(sent_ns, asked, rtts[:asked]))
        if number < len(closings):
            closed = roll_up.close(closings[number] * S)
            seconds += closed[0]
            minutes += closed[1]
    closed = roll_up.close(10_000 * S)
    seconds, minutes = seconds + closed[0], minutes + closed[1]
    for rows in (seconds, minutes):
        assert sum(row.sent for row in rows) == sum(asked for _, _, asked, _ in rounds)
        assert sum(row.lost for row in rows) == sum(asked - len(rtts[:asked]) for _, _, asked, rtts in rounds)
        assert len({(row.start_s, row.link) for row in rows}) == len(rows)
    assert [row.start_s for row in seconds] == sorted(row.start_s for row in seconds)


@pytest.mark.parametrize("links", [1, 16])
def test_memory_stays_bounded_while_it_runs(links: int) -> None:
    roll_up = RollUp()
    for second in range(300):
        for link in range(links):
            roll_up.add(f"link{link}", Over(second * S, 3, [1.0]))
        roll_up.close(second * S)
    assert sum(len(roll_up.newest(f"link{link}", 0)) for link in range(links)) <= 4 * links
