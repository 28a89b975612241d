"""When a modem that answers nothing gets its power taken away: at once, then ever more rarely. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Between two power cycles of one modem, in seconds. A modem takes up to a minute to register again; one that is broken
# for good must not be switched for ever.
PAUSES_S = (120.0, 600.0, 3600.0)


@dataclass(frozen=True)
class Cycles:
    """How often this modem's power was taken away since it last worked; times are monotonic seconds."""

    count: int = 0
    last: float = 0.0


def due(cycles: Cycles, now: float) -> bool:
    """Whether the next one may be asked for."""
    return cycles.count == 0 or now - cycles.last >= PAUSES_S[min(cycles.count, len(PAUSES_S)) - 1]


def asked(cycles: Cycles, now: float) -> Cycles:
    """One was asked for."""
    return replace(cycles, count=cycles.count + 1, last=now)


def works(cycles: Cycles, now: float) -> Cycles:
    """The modem works; forgotten only when it worked for a while, for one that hangs again at once is not cured."""
    return Cycles() if now - cycles.last >= PAUSES_S[0] else cycles
