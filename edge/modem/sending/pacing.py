"""How fast one SIM may send: a burst first, then a steady pace. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class Pace:
    """A bucket of permissions to send a part; times are monotonic seconds."""

    def __init__(self, burst: int, per_minute: float, now: float) -> None:
        self._capacity = 0.0
        self._per_second = 0.0
        self.change(burst, per_minute)
        self._left = self._capacity
        self._at = now

    @classmethod
    def resumed(cls, burst: int, per_minute: float, ages: Sequence[float], now: float) -> Pace:
        """As it stands after parts went so many seconds ago, oldest first: a restart gives no new burst."""
        pace = cls(burst, per_minute, now - max(ages, default=0.0))
        for age in ages:
            pace.spend(now - age)
        return pace

    def change(self, burst: int, per_minute: float) -> None:
        """Go at another pace from now on; what was used stays used."""
        # With no burst the first part still goes at once: a pace says how far apart parts are.
        self._capacity = float(max(1, burst))
        self._per_second = per_minute / 60

    def wait(self, now: float) -> float:
        """Seconds until a part may go; 0 when one may go now."""
        self._fill(now)
        return 0.0 if self._left >= 1 else (1 - self._left) / self._per_second

    def left(self, now: float) -> float:
        """Parts that may go at once."""
        self._fill(now)
        return max(0.0, self._left)

    def spend(self, now: float) -> None:
        """A part goes."""
        self._fill(now)
        self._left -= 1

    def _fill(self, now: float) -> None:
        self._left = min(self._capacity, self._left + (now - self._at) * self._per_second)
        self._at = now
