"""The table for people and the document for programs."""

from __future__ import annotations

from math import inf, isinf
from statistics import median
from typing import Any

from hil.bench.sms.figures import FIGURES, REPLI, Figure, Measured, missed

SCHEMA = 1


def table(measured: Measured) -> str:
    """Median, smallest and largest of each sender, the demand beside Repli's."""
    lines = [f"{'':<42} {'trials':>6} {'median':>8} {'min':>8} {'max':>8}  demanded of Repli"]
    title = ""
    for figure in FIGURES:
        rows = [row(figure, measured, sender) for sender in measured if figure.values(measured, sender)]
        if rows and figure.title != title:
            title = figure.title
            lines += ["", title]
        lines += [f" {figure.says}", *rows] if rows else []
    return "\n".join(lines)


def row(figure: Figure, measured: Measured, sender: str) -> str:
    """One sender's line."""
    values = figure.values(measured, sender)
    numbers = " ".join(f"{shown(value):>8}" for value in (median(values), min(values), max(values)))
    kept = figure.kept(values) if sender == REPLI else None
    demand = "" if kept is None else f"{figure.demand} {figure.limit:g}: {'kept' if kept else 'MISSED'}"
    return f"   {sender:<39} {len(values):>6} {numbers}  {demand}".rstrip()


def shown(value: float) -> str:
    """A figure in at most eight characters."""
    return "never" if value == inf else f"{value:.3f}" if value % 1 else f"{value:.0f}"


def document(measured: Measured, seed: int, failed: list[str]) -> dict[str, Any]:
    """Every trial of everyone; null: not while it was waited for."""
    return {
        "schema": SCHEMA,
        "seed": seed,
        "kept": not missed(measured),
        "missed": missed(measured),
        "not_measured": failed,
        "trials": {
            sender: {key: [None if isinf(value) else value for value in values] for key, values in figures.items()}
            for sender, figures in measured.items()
        },
    }
