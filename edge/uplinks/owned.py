"""Remembers where in the kernel earlier settings left traces, so that changed settings take them away and nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from edge.shared.storage import remove_leftovers, write_durably
from edge.uplinks.plan import Footprint, Vlan

log = logging.getLogger(__name__)


class Owned:
    """The footprints that may be in the kernel, the newest last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        remove_leftovers(path)
        self.footprints = _load(path)

    async def write(self, footprints: Sequence[Footprint]) -> None:
        """Remember exactly these; returns when they are on the medium. A disk that refuses costs only the later cleaning up."""
        if list(footprints) == self.footprints:
            return
        self.footprints = list(footprints)
        entries = [
            {
                **asdict(entry),
                "addresses": sorted(entry.addresses),
                "vlans": sorted(entry.vlans),
                "shaped": sorted(entry.shaped),
            }
            for entry in footprints
        ]
        try:
            # In a thread: an SD card takes up to seconds, and a stalled loop looks like a dead link.
            await asyncio.to_thread(write_durably, self._path, json.dumps(entries).encode())
        except OSError as error:
            log.warning("%s: %s", self._path, error.strerror)


def _load(path: Path) -> list[Footprint]:
    try:
        entries = json.loads(path.read_bytes())
        return [
            Footprint(
                entry["nft_table"],
                entry["route_table_base"],
                entry["rule_priority_base"],
                frozenset((interface, address) for interface, address in entry["addresses"]),
                tuple(entry["marks"]),
                frozenset(Vlan(*vlan) for vlan in entry.get("vlans", ())),
                frozenset(entry.get("shaped", ())),
            )
            for entry in entries
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.error("%s cannot be read, traces of earlier settings may stay: %s", path, error)
        return []
