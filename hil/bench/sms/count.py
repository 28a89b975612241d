"""What the network's log says of messages that were asked for: lost, doubled, mangled. Pure.

The log is the network's own: what stands in it reached the phone, whatever the sender believes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hil.rig.virtual.modem.client import Accepted


@dataclass(frozen=True)
class Wanted:
    """One message that was asked for. No two of a count go to the same number."""

    number: str
    text: str


@dataclass(frozen=True)
class Counted:
    """What became of messages. twice: those numbers that got a part more than once, with how many parts too many."""

    lost: frozenset[str]
    mangled: frozenset[str]  # whole, and not what was asked for
    twice: dict[str, int]
    unasked: frozenset[str]  # numbers nobody asked for

    @property
    def doubled(self) -> int:
        """Parts that came more often than once, each time too many counted."""
        return sum(self.twice.values())


def count(wanted: Iterable[Wanted], log: Sequence[Accepted]) -> Counted:
    """Compare what was asked for with what the network accepted."""
    asked = {message.number: message.text for message in wanted}
    lines: dict[str, list[Accepted]] = {}
    for line in log:
        lines.setdefault(line.destination, []).append(line)
    texts = {number: _joined(lines.get(number, [])) for number in asked}
    return Counted(
        lost=frozenset(number for number, text in texts.items() if text is None),
        mangled=frozenset(number for number, text in texts.items() if text not in (None, asked[number])),
        twice={number: over for number in asked if (over := _over(lines.get(number, [])))},
        unasked=frozenset(lines.keys() - asked.keys()),
    )


def use(segments: int, latency_s: float, began_ns: int, log: Sequence[Accepted]) -> float:
    """Share of the time in which the modem was handing over: segments x latency / (first request to last accept)."""
    elapsed_s = (max(line.monotonic_ns for line in log) - began_ns) / 1e9
    return segments * latency_s / elapsed_s


def accepted_s(number: str, since_ns: int, log: Sequence[Accepted]) -> float | None:
    """Seconds from an instant until the first part for this number was accepted; None when none was."""
    times = [line.monotonic_ns for line in log if line.destination == number]
    return (min(times) - since_ns) / 1e9 if times else None


def _joined(lines: Sequence[Accepted]) -> str | None:
    """The text as the phone shows it; None while a part is missing."""
    parts = {line.part: line.text for line in lines}
    if not lines or set(parts) != set(range(1, lines[0].total + 1)):
        return None
    return "".join(parts[part] for part in sorted(parts))


def _over(lines: Sequence[Accepted]) -> int:
    counts = Counter(line.part for line in lines)
    return sum(times - 1 for times in counts.values())
