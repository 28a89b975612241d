"""How fast parts go to a gateway: what the account allows, and less when the gateway says so. Pure; monotonic seconds."""

from __future__ import annotations

from edge.modem.sending.pacing import Pace

PAUSE_MIN_S, PAUSE_MAX_S = 0.5, 30.0
REFUSING_AFTER = 4  # pauses one after another: some 4 s in which it took nothing


class Throttle:
    """One gateway's rate."""

    def __init__(self, per_second: float, now: float) -> None:
        # A tenth of a second's worth at once: servers count by the second, and a burst of a whole one is refused.
        self._pace = Pace(int(per_second / 10), per_second * 60, now)
        self._pauses = 0
        self._until = now

    @property
    def refusing(self) -> bool:
        """Whether it has taken nothing for so long that messages should go another way."""
        return self._pauses >= REFUSING_AFTER

    def room(self, now: float, window: int, in_flight: int) -> int:
        """How many parts may go now. After a pause one part finds out."""
        if now < self._until:
            return 0
        if self._pauses:
            window = min(window, 1 - in_flight)
        return max(0, min(window, int(self._pace.left(now))))

    def spend(self, now: float) -> None:
        """A part goes."""
        self._pace.spend(now)

    def wait(self, now: float) -> float:
        """Seconds until a part may go."""
        return max(self._until - now, self._pace.wait(now))

    def slower(self, now: float) -> None:
        """It said: too fast, or its queue is full. Those in flight that say so too are the same refusal."""
        if now < self._until:
            return
        self._pauses += 1
        self._until = now + min(PAUSE_MAX_S, PAUSE_MIN_S * 2 ** (self._pauses - 1))

    def taken(self, now: float) -> None:
        """It took one; an answer from before the refusal says nothing."""
        if now >= self._until:
            self._pauses = 0
