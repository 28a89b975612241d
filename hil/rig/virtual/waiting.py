"""Waiting with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

# For what happens at all. Generous: it costs nothing when it does, and a busy machine is no fault.
HAPPENS_S = 30.0


class TooLate(Exception):
    """What was waited for did not come in time."""


def wait_for(condition: Callable[[], object], what: str, timeout: float = HAPPENS_S, every: float = 0.02) -> None:
    """Return as soon as condition() is true. Raises TooLate naming `what` after timeout seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TooLate(f"{what}: not within {timeout:g} s")
        time.sleep(every)
