"""What a target sent back, whatever it is asked by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeTarget

SHOWN_MAX = 80  # characters of a stranger's text that are shown to people


@dataclass(frozen=True)
class Heard:
    """An answer to a probe of ours."""

    number: int  # of the round
    wrong: str | None = None  # what was said instead of the right answer; None: it was the right one


@dataclass(frozen=True)
class Failure:
    """Why a probe has no right answer."""

    outcome: ProbeOutcome
    got: str


Answered = Callable[[int, ProbeTarget, int], None]  # round number, who answered, how many nanoseconds ago
Failed = Callable[[int, ProbeTarget, Failure], None]  # a target may fail, and be answered after all


class Question(Protocol):
    """What one target is sent in a datagram, and what its answers mean."""

    def ask(self, number: int) -> bytes:
        """The datagram of round number."""

    def understand(self, payload: bytes) -> Heard | None:
        """The answer in a datagram from this target; None: it answers no question of ours. Never raises."""


def shown(text: bytes) -> str:
    """A stranger's bytes as a short line of plain characters."""
    line = "".join(
        letter if letter.isprintable() else " " for letter in text[: 4 * SHOWN_MAX].decode("utf-8", "replace")
    )
    return " ".join(line.split())[:SHOWN_MAX]
