"""The counting table in the kernel: libnftables in process, one transaction a change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from edge.shared.model import UplinksSection
from edge.uplinks.budget.decision import Counter
from edge.uplinks.libnftables import Libnftables
from edge.uplinks.nft import counting


@dataclass(frozen=True)
class _Table:
    counters: dict[str, int] = field(default_factory=dict)  # name -> bytes
    rest: list[Any] = field(default_factory=list)  # chains and rules


class Counters:
    """Reads the counters, and keeps their table as it should be."""

    def __init__(self, nft: Libnftables) -> None:
        self._nft = nft
        self._known: list[Any] | None = None  # what the table holds beside its counters, as we left it

    def settle(self, section: UplinksSection, stopped: Collection[str]) -> None:
        """Make the table what it should be; counters keep their values. Raises FirewallRefused."""
        standing = self._list(section)
        self._nft.run(counting.render(section, stopped, standing.counters))
        self._known = self._list(section).rest

    def read(self, section: UplinksSection, stopped: Collection[str]) -> dict[Counter, int]:
        """Bytes so far. Puts the table back if somebody else changed it. Raises FirewallRefused."""
        there = self._list(section)
        if there.rest != self._known:
            self.settle(section, stopped)
            there = self._list(section)
        return {
            counter: there.counters[name]
            for counter in counting.counters(section)
            if (name := counting.name(counter)) in there.counters
        }

    def _list(self, section: UplinksSection) -> _Table:
        # With handles: a rule that was taken away and put back is another one.
        entries = self._nft.objects(f"list table inet {counting.table(section.nft_table)}")
        found = {entry["counter"]["name"]: int(entry["counter"]["bytes"]) for entry in entries if "counter" in entry}
        return _Table(found, [entry for entry in entries if "counter" not in entry])
