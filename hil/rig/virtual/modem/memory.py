"""What the modem stores, and what outlives power."""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.rig.virtual.modem.kept import Kept

STORAGES = ("ME", "SM", "SR")


@dataclass
class Entry:
    """Something stored. kind 0: received unread, 1: received read."""

    pdu: str
    length: int
    kind: int = 0


@dataclass
class Memory:
    """The storages, the modem's own message reference, and what the areas of commands keep."""

    storages: dict[str, dict[int, Entry]] = field(default_factory=lambda: {name: {} for name in STORAGES})
    reference: int = 0
    kept: Kept = field(default_factory=Kept)

    def next_reference(self) -> int:
        """TP-MR is the modem's to choose, and wraps at 8 bits."""
        given = self.reference
        self.reference = (self.reference + 1) % 256
        return given
