"""Which figures of a fault count, what issue 3 demands of Repli's, and whether it keeps that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from statistics import median

from hil.bench.uplinks.outcome import Outcome

REPLI, KEEPALIVED = "Repli", "keepalived"
LEAST_REPEATS = 5  # of which the issue wants the median

Measured = Mapping[str, Mapping[str, Sequence[Outcome]]]  # peer -> fault -> trials


class Of(StrEnum):
    """Which of the trials counts."""

    MEDIAN = "median"
    WORST = "worst"


@dataclass(frozen=True)
class Figure:
    """One number of one fault. A limit is Repli's; beside: at most so many times keepalived's of the same run."""

    fault: str
    field: str  # of Outcome
    says: str
    limit: float | None = None
    of: Of = Of.MEDIAN
    beside: float | None = None

    def values(self, measured: Measured, peer: str) -> list[float]:
        """Of every trial."""
        return [float(getattr(outcome, self.field)) for outcome in measured[peer].get(self.fault, ())]


FIGURES = (
    Figure("fibre-blackhole", "established_out_s", "established flow out, s", 0.6, beside=0.6),
    Figure("fibre-blackhole", "new_out_s", "new flows out, s", 0.6, beside=0.6),
    Figure("fibre-carrier", "established_out_s", "established flow out, s", 0.15),
    Figure("fibre-carrier", "new_out_s", "new flows out, s", 0.15),
    Figure("fibre-dead-gateway", "established_out_s", "established flow out, s", 0.7),
    Figure("fibre-dead-gateway", "new_out_s", "new flows out, s", 0.7),
    Figure("fibre-loss", "established_moved_s", "established flow moved after, s", 2.5),
    Figure("fibre-loss", "established_moves", "  and moved so often in 15 s", 1, Of.WORST),
    Figure("fibre-loss", "new_moved_s", "new flows moved after, s"),
    Figure("fibre-loss", "new_moves", "  and moved so often in 15 s"),
    Figure("fibre-flap-carrier", "established_moves", "established flow moved in 60 s", 1, Of.WORST),
    Figure("fibre-flap-carrier", "new_moves", "new flows moved in 60 s", 2, Of.WORST),
    Figure("fibre-flap-carrier", "established_out_s", "established flow's longest silence, s"),
    Figure("fibre-flap-blackhole", "established_moves", "established flow moved in 60 s", 1, Of.WORST),
    Figure("fibre-flap-blackhole", "new_moves", "new flows moved in 60 s", 2, Of.WORST),
    Figure("fibre-flap-blackhole", "established_out_s", "established flow's longest silence, s"),
)
FAULTS = tuple(dict.fromkeys(figure.fault for figure in FIGURES))


@dataclass(frozen=True)
class Verdict:
    """Whether Repli keeps what is demanded of a figure, and the demand in words; kept is None where nothing is."""

    kept: bool | None
    says: str = ""


def judge(figure: Figure, measured: Measured) -> Verdict:
    """Repli's figure against the limit and, where it was measured too, against keepalived's."""
    values = figure.values(measured, REPLI) if REPLI in measured else []
    if figure.limit is None or not values:
        return Verdict(None)
    reached = median(values) if figure.of is Of.MEDIAN else max(values)
    demands = [(reached <= figure.limit, f"{figure.of} <= {figure.limit:g}")]
    peers = figure.values(measured, KEEPALIVED) if figure.beside and KEEPALIVED in measured else []
    if figure.beside and peers:
        demands.append((reached <= figure.beside * median(peers), f"<= {figure.beside:g}x keepalived"))
    return Verdict(all(kept for kept, _ in demands), ", ".join(says for _, says in demands))


def ratio(figure: Figure, measured: Measured, peer: str) -> float | None:
    """How many times Repli's median fits into a peer's; None where that is no number."""
    mine, theirs = (figure.values(measured, name) if name in measured else [] for name in (REPLI, peer))
    if not mine or not theirs or median(mine) in (0, inf):
        return None
    return median(theirs) / median(mine)
