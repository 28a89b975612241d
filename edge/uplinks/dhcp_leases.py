"""The leases in force, kept so that another life of this daemon goes on with them.

Their times are CLOCK_MONOTONIC: they mean something only until the machine starts anew. Then the address alone is kept, to
be asked for again; a clock that has not learnt the time yet must not decide whether an address is still ours.

So there are two files: one outlives a reboot and is written when anything but the times changes (some providers lend for
seconds, and an SD card wears out by writes), one is in memory (/run) and has the times of every renewal.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from edge.shared.clock import boot_id
from edge.shared.storage import remove_leftovers, write_durably
from edge.uplinks.dhcp import Lease, State

log = logging.getLogger(__name__)


class LeaseFile:
    """Two small files of one form: interface -> lease."""

    def __init__(self, path: Path, renewed: Path) -> None:
        """`path` outlives a reboot, `renewed` is in memory."""
        self._path = path
        self._renewed = renewed
        self._lasting: object = None  # what `path` has, without the times; None: not written in this life
        for file in (path, renewed):
            remove_leftovers(file)

    def load(self) -> dict[str, State]:
        """What each interface's client starts from. A file that cannot be read costs one question more, nothing else."""
        return _load(self._renewed, of_this_boot=True) or _load(self._path) or {}

    def save(self, leases: Mapping[str, Lease]) -> None:
        """Keep exactly these; returns when they are on the medium. Raises OSError."""
        entries = {name: _entry(lease) for name, lease in leases.items()}
        document = json.dumps({"boot": boot_id(), "leases": entries}).encode()
        lasting = {
            name: replace(lease, renew_ns=None, rebind_ns=None, expires_ns=None) for name, lease in leases.items()
        }
        if lasting != self._lasting:
            write_durably(self._path, document)
            self._lasting = lasting
        write_durably(self._renewed, document)


def _load(path: Path, *, of_this_boot: bool = False) -> dict[str, State] | None:
    """None when there is nothing of use. The folder in memory is shared: only what this user wrote is believed."""
    try:
        if path.stat().st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "it is somebody else's")
        document = json.loads(path.read_bytes())
        same_boot = document["boot"] == boot_id()
        leases = {name: _lease(entry) for name, entry in document["leases"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.error("%s cannot be read, addresses are asked for anew: %s", path, error)
        return None
    if of_this_boot and not same_boot:
        return None
    return {name: State(lease=lease if same_boot else None, had=lease.address.ip) for name, lease in leases.items()}


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
