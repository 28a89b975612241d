"""Lines of block characters that show delay, loss or counts over time. They say everything without colour. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.shared.messages.uplinks import Sample

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = " "  # no probe was sent
NO_LOSS = "·"
ALL_LOST = "X"
SOME_LOST = "!"
SCALE_MIN_MS = 20.0  # so that the noise of a fast line does not look like a mountain range


@dataclass(frozen=True)
class Column:
    """The samples that share one character: the worst of them counts, so that a short outage is seen in a long span."""

    sent: int = 0
    loss: float = 0.0  # 0 to 1, of the worst sample
    rtt_ms: float | None = None  # of the slowest sample


def columns(samples: Iterable[Sample], since: datetime, until: datetime, width: int) -> list[Column]:
    """The samples of a span of time in so many columns."""
    span = (until - since) / width
    cut: list[list[Sample]] = [[] for _ in range(width)]
    for sample in samples:
        place = (datetime.fromisoformat(sample.at) - since) // span if span > timedelta() else 0
        if 0 <= place < width:
            cut[place].append(sample)
    return [_column(entries) for entries in cut]


def delay_line(shown: Sequence[Column]) -> str:
    """Delay on a scale from nothing to the slowest."""
    scale = max([SCALE_MIN_MS, *(column.rtt_ms for column in shown if column.rtt_ms is not None)])
    return "".join(_delay(column, scale) for column in shown)


def loss_line(shown: Sequence[Column]) -> str:
    """Loss on a scale from a little to all."""
    return "".join(_loss(column) for column in shown)


def one_line(shown: Sequence[Column]) -> str:
    """Delay, with a mark in its place wherever anything was lost."""
    scale = max([SCALE_MIN_MS, *(column.rtt_ms for column in shown if column.rtt_ms is not None)])
    return "".join(SOME_LOST if 0 < column.loss < 1 else _delay(column, scale) for column in shown)


def level_line(levels: Sequence[float | None], lowest: float, highest: float) -> str:
    """Levels on a scale between two; nothing where there is none."""
    span = highest - lowest
    return "".join(NOTHING if level is None else _block((level - lowest) / span) for level in levels)


def counts_line(counts: Sequence[int]) -> str:
    """Counts on a scale from none to the most."""
    most = max(counts, default=0)
    return "".join(_block(count / most) if count else NO_LOSS for count in counts)


def _column(samples: Sequence[Sample]) -> Column:
    asked = [sample for sample in samples if sample.sent]
    return Column(
        sum(sample.sent for sample in asked),
        max((sample.lost / sample.sent for sample in asked), default=0.0),
        max((sample.rtt_ms for sample in asked if sample.rtt_ms is not None), default=None),
    )


def _delay(column: Column, scale: float) -> str:
    if not column.sent:
        return NOTHING
    if column.loss == 1 or column.rtt_ms is None:
        return ALL_LOST
    return _block(column.rtt_ms / scale)


def _loss(column: Column) -> str:
    if not column.sent:
        return NOTHING
    if column.loss == 1:
        return ALL_LOST
    return _block(column.loss) if column.loss else NO_LOSS


def _block(share: float) -> str:
    return BLOCKS[max(0, min(len(BLOCKS) - 1, int(share * len(BLOCKS))))]
