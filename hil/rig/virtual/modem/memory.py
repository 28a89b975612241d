"""What the modem stores, and what outlives power."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hil.rig.virtual.modem.kept import Kept

STORAGES = ("ME", "SM", "SR")
UNREAD, READ, UNSENT, SENT = range(4)  # <stat> of TS 27.005, 3.1


@dataclass(frozen=True)
class Incoming:
    """Something that the network brings: length is that of the PDU without the SMSC address."""

    is_report: bool
    length: int
    pdu: str


@dataclass
class Entry:
    """Something stored."""

    pdu: str
    length: int
    kind: int = UNREAD


@dataclass
class Memory:
    """The storages, the modem's own message reference, and what the areas of commands keep."""

    storages: dict[str, dict[int, Entry]] = field(default_factory=lambda: {name: {} for name in STORAGES})
    reference: int = 0
    worked_s: float = 0.0  # how long all listing and deleting takes the modem itself, however fast the machine is
    kept: Kept = field(default_factory=Kept)
    # For whoever watches: in which order things came counts, not how fast the machine is.
    commands: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=10_000))  # when begun, monotonic ns
    unheard: bytes = b""  # what was said to it while it hung, the newest of it

    def next_reference(self) -> int:
        """TP-MR is the modem's to choose, and wraps at 8 bits."""
        given = self.reference
        self.reference = (self.reference + 1) % 256
        return given

    def put(self, storage: str, entry: Entry, places: range) -> int | None:
        """Store it in the first free place; None when there is none."""
        entries = self.storages[storage]
        place = next((place for place in places if place not in entries), None)
        if place is not None:
            entries[place] = entry
        return place
