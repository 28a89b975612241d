"""How long to wait for an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

TIMEOUT_FIRST_MS = 1000.0  # RFC 6298, 2.1: before anything was measured
TIMEOUT_MIN_MS = 50.0  # below it the scheduler of a busy box would be measured, not the link
TIMEOUT_MAX_MS = 1000.0
VARIANCE_MIN_MS = 20.0


@dataclass
class RoundTrip:
    """Smoothed round-trip time and the time-out that follows from it, as RFC 6298 has them for TCP. Milliseconds."""

    smoothed: float | None = None
    variation: float = 0.0

    def add(self, rtt_ms: float) -> None:
        """Take a measured answer into account, late ones included: they are how the time-out learns of a slower link."""
        if self.smoothed is None:
            self.smoothed, self.variation = rtt_ms, rtt_ms / 2
            return
        self.variation += (abs(self.smoothed - rtt_ms) - self.variation) / 4
        self.smoothed += (rtt_ms - self.smoothed) / 8

    @property
    def timeout_ms(self) -> float:
        """How long a probe may take before it counts as lost."""
        if self.smoothed is None:
            return TIMEOUT_FIRST_MS
        wanted = self.smoothed + max(4 * self.variation, VARIANCE_MIN_MS)
        return min(max(wanted, TIMEOUT_MIN_MS), TIMEOUT_MAX_MS)
