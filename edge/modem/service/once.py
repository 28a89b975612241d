"""A deed asked for again under the same request_id is not done again. For deeds that end with the daemon."""

from __future__ import annotations

from collections.abc import Hashable


class Once:
    """Remembers the newest deeds, so many at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._done: dict[Hashable, None] = {}  # the newest last

    def is_new(self, deed: Hashable) -> bool:
        """Whether it is asked for for the first time; the next time it is not."""
        if deed in self._done:
            return False
        self._done[deed] = None
        for old in list(self._done)[: -self._most]:
            del self._done[old]
        return True
