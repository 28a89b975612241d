"""What the demo tells: one line per happening, and for programs the same with its figures."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True)
class Figure:
    """A measured number. target is the issue's; limit is where the demo turns red (machines are noisy)."""

    name: str
    value: float
    unit: str
    target: float | None = None
    limit: float | None = None
    measured_by: str = ""

    @property
    def missed(self) -> bool:
        """Whether the value is over the issue's number: said, even where the machine's noise is allowed for."""
        return self.target is not None and self.value > self.target

    @property
    def within(self) -> bool:
        """Whether the value stays below the limit, if there is one."""
        return self.limit is None or self.value <= self.limit


class StepFailed(Exception):
    """What had to be true was not; the sentence says what was seen instead."""


@dataclass
class Entry:
    """One step as it was lived."""

    step: str
    at_s: float
    text: str
    passed: bool
    figures: list[Figure] = field(default_factory=list)


class Timeline:
    """Prints the story as it happens and keeps it for the JSON report."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self.out = out
        self.entries: list[Entry] = []
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._start

    @property
    def passed(self) -> bool:
        """Whether every step so far was as it must be."""
        return all(entry.passed for entry in self.entries)

    def note(self, text: str) -> None:
        """Something that happens and proves nothing."""
        print(f"{_clock(self.elapsed)}     {text}", file=self.out, flush=True)

    def record(self, step: str, text: str, figures: list[Figure]) -> None:
        """A step that ended; red when a figure passes its limit."""
        beyond = [figure for figure in figures if not figure.within]
        for figure in beyond:
            text += f"  [{figure.name}: {figure.value:.2f} {figure.unit}, limit {figure.limit:g}]"
        for figure in figures:
            if figure.within and figure.missed:
                text += f"  [over the target of {figure.target:g} {figure.unit}]"
        self._add(Entry(step, round(self.elapsed, 1), text, not beyond, figures))

    def fail(self, step: str, text: str) -> None:
        """A step that did not come true."""
        self._add(Entry(step, round(self.elapsed, 1), text, passed=False))

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        mark = "ok  " if entry.passed else "RED "
        print(f"{_clock(entry.at_s)} {mark}{entry.text}", file=self.out, flush=True)

    def write_json(self, path: Path, *, sabotage: str | None) -> None:
        """Write the report: every step, every figure with its target and who measured it."""
        report = {
            "schema": 1,
            "passed": self.passed,
            "seconds": round(self.elapsed, 1),
            "sabotage": sabotage,
            "steps": [asdict(entry) for entry in self.entries],
        }
        path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60):02d}:{seconds % 60:04.1f}"
