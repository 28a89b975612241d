"""How long messages will take over several SIMs, each with its speed, its pacing and its plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from edge.shared.messages.modem import USUAL_RECIPIENTS

PART_S = 2.0  # a submit on 4G before any was measured; 0.3 to 4 s on real modules
STEPS = 60  # halvings of the time searched for


@dataclass(frozen=True)
class Sim:
    """What one SIM can do. at_once and per_minute are None without pacing, cap without a limit."""

    part_s: float
    at_once: float | None
    per_minute: float | None
    recipients: int  # written to this month
    cap: int | None

    def parts_in(self, seconds: float) -> float:
        """Parts it hands over in this time."""
        fastest = seconds / self.part_s
        if self.at_once is None or self.per_minute is None:
            return fastest
        return min(fastest, self.at_once + seconds * self.per_minute / 60)


def minutes(parts: float, sims: Sequence[Sim]) -> float | None:
    """Until the last of the parts is handed over, all SIMs sending; None without one."""
    if not sims:
        return None
    low, high = 0.0, 60.0
    while sum(sim.parts_in(high) for sim in sims) < parts:
        high *= 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        if sum(sim.parts_in(middle) for sim in sims) < parts:
            low = middle
        else:
            high = middle
    return round(high / 60, 1)


def too_late(recipients: int, parts: int, before: int, wait: timedelta, sims: Sequence[Sim]) -> int:
    """How many recipients' messages, of so many parts in all, would expire before their turn; `before`: parts that go first."""
    if not sims:
        return 0
    in_time = max(0.0, sum(sim.parts_in(wait.total_seconds()) for sim in sims) - before)
    return max(0, recipients - int(in_time * recipients / parts))


def over_limit(recipients: int, sims: Sequence[Sim]) -> int:
    """How many recipients are beyond the limits set, if all are new; 0 when a SIM without a limit can take them."""
    if not sims or any(sim.cap is None for sim in sims):
        return 0
    room = sum(max(0, sim.cap - sim.recipients) for sim in sims if sim.cap is not None)
    return max(0, recipients - room)


def over_usual(recipients: int, sims: Sequence[Sim]) -> int:
    """How many recipients are beyond what operators usually stand, on SIMs whose limit is not set; all are new."""
    if all(sim.cap is not None for sim in sims):  # also where there is none
        return 0
    caps = [USUAL_RECIPIENTS if sim.cap is None else sim.cap for sim in sims]
    room = sum(max(0, cap - sim.recipients) for cap, sim in zip(caps, sims, strict=True))
    return max(0, recipients - room)
