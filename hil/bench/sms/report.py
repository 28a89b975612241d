"""The table for people and the document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isinf
from statistics import median
from typing import Any

from hil.bench.sms.figures import FIGURES, REPLI, Figure, Measured, missed

SCHEMA = 1


def table(measured: Measured) -> str:
    """Median, smallest and largest of each sender, the demand beside Repli's; what is counted stands in one line."""
    lines = [f"{'':<42} {'trials':>6} {'median':>8} {'min':>8} {'max':>8}  demanded of Repli"]
    for title in dict.fromkeys(figure.title for figure in FIGURES):
        figures = [figure for figure in FIGURES if figure.title == title]
        rows = [row for figure in figures if not figure.is_count for row in rows_of(figure, measured)]
        rows += [counts(sender, figures, measured) for sender in measured]
        if any(rows):
            lines += ["", title, *filter(None, rows)]
    return "\n".join(lines)


def rows_of(figure: Figure, measured: Measured) -> list[str]:
    """What it is, then each sender's line; nothing when nobody has a value."""
    rows = [row(figure, measured, sender) for sender in measured if figure.values(measured, sender)]
    return [f" {figure.says}", *rows] if rows else []


def counts(sender: str, figures: Sequence[Figure], measured: Measured) -> str:
    """All that was counted of one sender in one world; "" when nothing was."""
    counted = [figure for figure in figures if figure.is_count and figure.values(measured, sender)]
    if not counted:
        return ""
    said = ", ".join(f"{figure.says.strip()} {shown(max(figure.values(measured, sender)))}" for figure in counted)
    judged = [kept for figure in counted if (kept := figure.kept(figure.values(measured, sender))) is not None]
    verdict = "" if sender != REPLI or not judged else ": kept" if all(judged) else ": MISSED"
    return f"   {sender:<12} {said}{verdict}"


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
