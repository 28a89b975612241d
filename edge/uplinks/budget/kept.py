"""What was used, on disk: one small document with a last good copy."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any

from edge.shared.storage import DocumentDamaged, DurableStorage
from edge.uplinks.budget.decision import Counter, Direction, State, Use
from edge.uplinks.plan import FlowClass

log = logging.getLogger(__name__)


class KeptUse:
    """The months of every link, and the counters they were added up from."""

    def __init__(self, path: Path) -> None:
        self.fault: str | None = None
        self._damaged = False
        self._storage = DurableStorage(path)

    def load(self) -> State:
        """What was kept. A file that cannot be read is left as it is, for a person to look at: `fault` says so."""
        try:
            document = self._storage.read()
            return _state(document) if document is not None else State()
        except (DocumentDamaged, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("what the links used is not known any more: %s", error)
            self.fault = str(error)
            self._damaged = True
            return State()

    def save(self, state: State) -> None:
        """Keep it; returns when it is on the medium. A disk that refuses is said in `fault`."""
        if self._damaged:
            return
        try:
            self._storage.write(_document(state))
        except OSError as error:
            self.fault = error.strerror or str(error)
        else:
            self.fault = None


def _document(state: State) -> dict[str, dict[str, Any]]:
    months = {
        link: {month.isoformat(): _use_document(used) for month, used in months.items()}
        for link, months in state.months.items()
    }
    counters = [[link, way, entry.name, size] for (link, way, entry), size in state.counters.items()]
    return {"counters": {"boot": state.boot, "values": counters}, "months": months}


def _use_document(used: Use) -> dict[str, int]:
    return {f"{way}_{entry.name}": size for (way, entry), size in sorted(used.items())}


def _state(document: dict[str, dict[str, Any]]) -> State:
    return State(
        boot=str(document["counters"]["boot"]),
        counters={
            Counter(link, Direction(way), FlowClass[entry]): int(size)
            for link, way, entry, size in document["counters"]["values"]
        },
        months={
            link: {date.fromisoformat(month): _use(used) for month, used in months.items()}
            for link, months in document["months"].items()
        },
    )


def _use(used: dict[str, Any]) -> Use:
    parts = {tuple(key.split("_", 1)): int(size) for key, size in used.items()}
    return {(Direction(way), FlowClass[entry]): size for (way, entry), size in parts.items()}
