"""Which figures there are, what issue 5 demands of Repli's, and whether it keeps that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from hil.bench.sms.noise import KINDS
from hil.bench.sms.use import LATENCIES
from hil.bench.sms.worlds import WORLDS

REPLI = "Repli"
SUBMIT_TIMEOUT_S = 20.0  # the default of the setting

Measured = Mapping[str, Mapping[str, Sequence[float]]]  # sender -> key -> every trial's


class Demand(StrEnum):
    """How the limit is meant."""

    MEDIAN_AT_LEAST = "median >="
    EACH_AT_LEAST = "each >="
    EACH_AT_MOST = "each <="


@dataclass(frozen=True)
class Figure:
    """One number. limit None: nothing is demanded."""

    key: str  # part/what
    title: str
    says: str
    limit: float | None = None
    demand: Demand = Demand.EACH_AT_MOST

    @property
    def part(self) -> str:
        """What --only names."""
        return PARTS_OF.get(self.key.partition("/")[0], "faults")

    @property
    def is_count(self) -> bool:
        """Whether it is how often something happened that should not."""
        return self.part in ("faults", "noise")

    def values(self, measured: Measured, sender: str) -> Sequence[float]:
        """Of every trial."""
        return measured.get(sender, {}).get(self.key, ())

    def kept(self, values: Sequence[float]) -> bool | None:
        """Whether Repli's values are what is demanded; None where nothing is, or nothing was measured."""
        if self.limit is None or not values:
            return None
        if self.demand is Demand.MEDIAN_AT_LEAST:
            return median(values) >= self.limit
        if self.demand is Demand.EACH_AT_LEAST:
            return min(values) >= self.limit
        return max(values) <= self.limit


PARTS_OF = {
    "use": "use",
    "first": "use",
    "recovery": "recovery",
    "noise-plain": "noise",
    "noise-echo": "noise",
    "urgent": "priority",
    "modems": "priority",
}
PARTS = ("use", "faults", "recovery", "noise", "priority")
LEAST_USE = {"300ms": 0.93, "2s": 0.98}


def _use() -> tuple[Figure, ...]:
    return tuple(
        figure
        for latency in LATENCIES
        for figure in (
            Figure(
                f"use/{latency}",
                f"{latency} a part",
                "use of modem time",
                LEAST_USE[latency],
                Demand.MEDIAN_AT_LEAST,
            ),
            Figure(f"first/{latency}", f"{latency} a part", "first part accepted, s over the latency", 0.15),
        )
    )


def _faults() -> tuple[Figure, ...]:
    figures = []
    for world in WORLDS:
        for kind, title in (("reports", world.says), ("silent", f"{world.says}; no reports")):
            figures += [
                Figure(f"{world.key}/{kind}/lost", title, "lost or mangled", 0),
                Figure(f"{world.key}/{kind}/twice", title, "came twice", 0 if kind == "reports" else None),
            ]
        silent = f"{world.says}; no reports"
        figures += [
            Figure(f"{world.key}/silent/beyond", silent, "of these beyond one a fault", 0),
            Figure(f"{world.key}/silent/unmarked", silent, "of these not marked", 0),
        ]
    return tuple(figures)


def _noise() -> tuple[Figure, ...]:
    return tuple(
        Figure(f"noise-{kind}/{what}", f"noise, answers in pieces, {title}", says, 0)
        for kind, title in zip(KINDS, ("no echo", "echo"), strict=True)
        for what, says in (
            ("lost", "lost or mangled"),
            ("twice", "came twice"),
            ("malformed", "malformed"),
        )
    )


FIGURES = (
    *_use(),
    *_faults(),
    Figure("recovery/lost-answer", "recovery", "next part after a lost answer, s", SUBMIT_TIMEOUT_S + 5),
    Figure("recovery/lost-prompt", "recovery", "next part after a lost prompt, s", SUBMIT_TIMEOUT_S + 5),
    Figure("recovery/renamed", "recovery", "next part after the device is back, s", 5),
    Figure("recovery/hang", "recovery", "power cycle asked after a hang, s", 30),
    *_noise(),
    Figure("urgent/start", "1 000 routine messages wait", "urgent one starts, in submit times", 1),
    Figure("modems/two", "two modems", "rate over that of one", 1.85, Demand.EACH_AT_LEAST),
)


def missed(measured: Measured) -> list[str]:
    """What Repli does not keep."""
    return [
        f"{figure.title}: {figure.says.strip()}"
        for figure in FIGURES
        if figure.kept(figure.values(measured, REPLI)) is False
    ]


def unmeasured(measured: Measured, parts: Sequence[str]) -> list[str]:
    """Demands of these parts of which there is no figure."""
    return [
        f"{figure.title}: {figure.says.strip()}"
        for figure in FIGURES
        if figure.part in parts and figure.limit is not None and not figure.values(measured, REPLI)
    ]
