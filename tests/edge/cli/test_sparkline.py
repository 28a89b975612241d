"""Delay and loss as characters: a short outage is never averaged away, and nothing needs colour to be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge.cli.sparkline import Column, columns, delay_line, loss_line, one_line
from edge.shared.clock import utc_text
from edge.shared.messages.uplinks import Sample

SINCE = datetime(2026, 11, 22, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sample(second: float, lost: int = 0, rtt_ms: float | None = 10.0, sent: int = 10) -> Sample:
    return Sample(at=utc_text(SINCE + timedelta(seconds=second)), sent=sent, lost=lost, rtt_ms=rtt_ms)


def test_each_sample_is_in_its_column() -> None:
    shown = columns([sample(0), sample(899), sample(900), sample(3599)], SINCE, SINCE + HOUR, 4)
    assert [column.sent for column in shown] == [20, 10, 0, 10]


def test_a_second_of_outage_is_seen_in_a_graph_of_a_day() -> None:
    calm = [sample(second) for second in range(0, 86_400, 60)]
    shown = columns([*calm, sample(40_000, lost=10, rtt_ms=None)], SINCE, SINCE + 24 * HOUR, 72)
    assert delay_line(shown).count("X") == 1
    assert loss_line(shown).count("X") == 1
    assert one_line(shown).count("X") == 1


def test_samples_outside_the_span_are_left_out() -> None:
    assert columns([sample(-1), sample(3600)], SINCE, SINCE + HOUR, 2) == [Column(), Column()]


@pytest.mark.parametrize(
    ("column", "delay", "loss", "one"),
    [
        (Column(), " ", " ", " "),
        (Column(10, 0.0, 1.0), "▁", "·", "▁"),
        (Column(10, 0.0, 20.0), "█", "·", "█"),
        (Column(10, 0.01, 1.0), "▁", "▁", "!"),
        (Column(10, 0.5, 10.0), "▅", "▅", "!"),
        (Column(10, 0.99, 10.0), "▅", "█", "!"),
        (Column(10, 1.0, None), "X", "X", "X"),
        (Column(10, 1.0, 10.0), "X", "X", "X"),
    ],
)
def test_what_a_column_looks_like(column: Column, delay: str, loss: str, one: str) -> None:
    assert (delay_line([column]), loss_line([column]), one_line([column])) == (delay, loss, one)


def test_the_slowest_sets_the_scale() -> None:
    assert delay_line([Column(1, 0.0, 100.0), Column(1, 0.0, 400.0), Column(1, 0.0, 199.0)]) == "▃█▄"
