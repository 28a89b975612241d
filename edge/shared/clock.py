"""Time as an argument: one protocol, the system's clock and a virtual one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before this is certainly wrong: no RTC, and no time server yet


class Clock(Protocol):
    """What a daemon may ask about time."""

    def now(self) -> datetime:
        """Wall clock, timezone-aware UTC. For records and due rows, never for durations."""

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds. For durations; comparable between processes of one boot."""


class SystemClock:
    """The kernel's clocks."""

    def now(self) -> datetime:
        """Wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()


@dataclass
class VirtualClock:
    """A clock that moves only when told to; wall and monotonic time move together."""

    wall: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    elapsed: timedelta = timedelta()

    def now(self) -> datetime:
        """Wall clock in UTC."""
        return self.wall + self.elapsed

    def monotonic_ns(self) -> int:
        """Nanoseconds since the virtual clock was made."""
        return self.elapsed // timedelta(microseconds=1) * 1000

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds."""
        self.elapsed += timedelta(seconds=seconds)


def boot_id() -> str:
    """What tells one boot of this machine, and so its monotonic clock, from another: random(4)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def utc_text(moment: datetime) -> str:
    """RFC 3339 text in UTC with microseconds, e.g. 2026-11-22T02:14:07.000123Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
