"""The leases in force, kept so that another life of this daemon goes on with them.

Their times are CLOCK_MONOTONIC: they mean something only until the machine starts anew. Then the address alone is kept, to
be asked for again; a clock that has not learnt the time yet must not decide whether an address is still ours.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from edge.shared.storage import remove_leftovers, write_durably
from edge.uplinks.book import boot_id
from edge.uplinks.dhcp import Lease, State

log = logging.getLogger(__name__)


class LeaseFile:
    """One small file: interface -> lease."""

    def __init__(self, path: Path) -> None:
        self._path = path
        remove_leftovers(path)

    def load(self) -> dict[str, State]:
        """What each interface's client starts from. A file that cannot be read costs one question more, nothing else."""
        try:
            document = json.loads(self._path.read_bytes())
            same_boot = document["boot"] == boot_id()
            leases = {name: _lease(entry) for name, entry in document["leases"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("%s cannot be read, addresses are asked for anew: %s", self._path, error)
            return {}
        return {name: State(lease=lease if same_boot else None, had=lease.address.ip) for name, lease in leases.items()}

    def save(self, leases: Mapping[str, Lease]) -> None:
        """Keep exactly these; returns when they are on the medium. Raises OSError."""
        entries = {name: _entry(lease) for name, lease in leases.items()}
        write_durably(self._path, json.dumps({"boot": boot_id(), "leases": entries}).encode())


def _entry(lease: Lease) -> dict[str, Any]:
    return {
        "address": str(lease.address),
        "gateway": str(lease.gateway) if lease.gateway else None,
        "dns": [str(server) for server in lease.dns],
        "server": str(lease.server),
        "renew_ns": lease.renew_ns,
        "rebind_ns": lease.rebind_ns,
        "expires_ns": lease.expires_ns,
    }


def _lease(entry: Mapping[str, Any]) -> Lease:
    return Lease(
        IPv4Interface(entry["address"]),
        IPv4Address(entry["gateway"]) if entry["gateway"] else None,
        tuple(IPv4Address(server) for server in entry["dns"]),
        IPv4Address(entry["server"]),
        *(_moment(entry[name]) for name in ("renew_ns", "rebind_ns", "expires_ns")),
    )


def _moment(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise ValueError(f"{value!r} is no time")
    return value
