"""When watchers are told: at once of a change, now and then of new figures, and never in a flood. Time is an argument."""

from __future__ import annotations

from collections.abc import Callable

from edge.shared.broadcast import Broadcast
from edge.shared.messages.uplinks import UplinksState

FIGURES_EVERY_NS = 5 * 10**9
GAP_NS = 10**8  # a state that changes faster than ten times a second is told as it is after that time


class Announcer:
    """Keeps what watchers see, and how long they have seen it."""

    def __init__(self, state: UplinksState) -> None:
        self.broadcast: Broadcast[UplinksState] = Broadcast(state)
        self._told: object = None
        self._told_switch: int | None = None
        self._told_ns = -FIGURES_EVERY_NS

    def offer(self, shown: object, newest_switch: int | None, state: Callable[[], UplinksState], now_ns: int) -> None:
        """Tell what is new. shown is all but the figures; state makes the whole. To be called again within a second."""
        age_ns = now_ns - self._told_ns
        changed = shown != self._told
        # A switch is never held back: telephones follow it.
        if newest_switch == self._told_switch and not (changed and age_ns >= GAP_NS) and age_ns < FIGURES_EVERY_NS:
            return
        self._told, self._told_switch, self._told_ns = shown, newest_switch, now_ns
        whole = state()
        if changed or whole != self.broadcast.state:
            self.broadcast.publish(whole)
