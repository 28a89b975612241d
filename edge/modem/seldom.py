"""Log lines that come again and again, said now and then: a box must not fill its disk while a modem is away for a month."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

EVERY_S = 300.0


@dataclass
class _Kind:
    said_at: float
    left_out: int = 0


class Seldom:
    """Says the first line of a kind, then at most one every five minutes, which tells how many were left out."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: monotonic seconds."""
        self._log = log
        self._clock = clock
        self._kinds: dict[str, _Kind] = {}

    def say(self, level: int, kind: str, text: str, *values: object) -> None:
        """One line of this kind; text and values as for logging."""
        now = self._clock()
        known = self._kinds.get(kind)
        if known is not None and now - known.said_at < EVERY_S:
            known.left_out += 1
            self._log.debug(text, *values)
            return
        more = f" (and {known.left_out} like it before)" if known is not None and known.left_out else ""
        self._kinds[kind] = _Kind(now)
        self._log.log(level, text + more, *values)

    def warning(self, kind: str, text: str, *values: object) -> None:
        """A warning of this kind."""
        self.say(logging.WARNING, kind, text, *values)
