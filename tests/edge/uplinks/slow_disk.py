"""A disk whose fsync returns only when it is let: an SD card at its worst."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

PATIENCE_S = 5  # a product that syncs in the loop would otherwise wait for ever for who lets it


@dataclass
class SlowDisk:
    """What happens at the disk."""

    asked: threading.Event = field(default_factory=threading.Event)  # somebody waits for a sync
    goes_on: threading.Event = field(default_factory=threading.Event)


@contextmanager
def slow_disk() -> Iterator[SlowDisk]:
    """Within, every fsync of this process waits for `goes_on`."""
    disk, sync = SlowDisk(), os.fsync

    def waiting(descriptor: int) -> None:
        disk.asked.set()
        assert disk.goes_on.wait(PATIENCE_S), "nobody let the disk go on: the loop itself waits for it"
        sync(descriptor)

    with patch("os.fsync", waiting):
        yield disk
