"""What each area of commands keeps, found by its type: an area adds its own without touching another's."""

from __future__ import annotations

from typing import Any, TypeVar

State = TypeVar("State")


class Kept:
    """One of each type; made with its defaults when it is first asked for."""

    def __init__(self) -> None:
        self._by_type: dict[type[Any], Any] = {}

    def of(self, kind: type[State]) -> State:
        """The one of this type."""
        if kind not in self._by_type:
            self._by_type[kind] = kind()
        kept: State = self._by_type[kind]
        return kept
