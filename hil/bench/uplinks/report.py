"""The table for people and the document for programs."""

from __future__ import annotations

from dataclasses import asdict
from math import inf, isinf
from statistics import median
from typing import Any

from hil.bench.uplinks.figures import FIGURES, REPLI, Figure, Measured, judge, ratio

SCHEMA = 1


def table(measured: Measured) -> str:
    """Median, smallest and largest of each peer, its ratio to Repli's median, the demand beside Repli's."""
    lines = [f"{'':<40} {'trials':>6} {'median':>8} {'min':>8} {'max':>8} {'ratio':>8}  demanded of Repli"]
    fault = ""
    for figure in FIGURES:
        rows = [row(figure, measured, peer) for peer in measured if figure.values(measured, peer)]
        if rows and figure.fault != fault:
            fault = figure.fault
            lines += ["", fault]
        lines += [f" {figure.says}", *rows] if rows else []
    return "\n".join(lines)


def row(figure: Figure, measured: Measured, peer: str) -> str:
    """One peer's line."""
    values = figure.values(measured, peer)
    numbers = " ".join(f"{shown(value):>8}" for value in (median(values), min(values), max(values)))
    times = ratio(figure, measured, peer)
    beside = "" if times is None else "never" if isinf(times) else f"{times:.1f}x"
    verdict = judge(figure, measured)
    demand = f"{verdict.says}: {'kept' if verdict.kept else 'MISSED'}" if peer == REPLI and verdict.says else ""
    return f"   {peer:<37} {len(values):>6} {numbers} {beside:>8}  {demand}".rstrip()


def shown(value: float) -> str:
    """A figure in at most eight characters."""
    return "never" if value == inf else f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def missed(measured: Measured) -> list[str]:
    """What Repli does not keep."""
    return [f"{figure.fault}: {figure.says.strip()}" for figure in FIGURES if judge(figure, measured).kept is False]


def document(measured: Measured, seed: int) -> dict[str, Any]:
    """Every trial of everyone; null: not while it was watched."""

    def plain(value: float) -> float | None:
        return None if isinf(value) else value

    return {
        "schema": SCHEMA,
        "seed": seed,
        "kept": not missed(measured),
        "missed": missed(measured),
        "trials": {
            peer: {
                fault: [{name: plain(value) for name, value in asdict(trial).items()} for trial in trials]
                for fault, trials in faults.items()
            }
            for peer, faults in measured.items()
        },
    }
