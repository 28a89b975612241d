"""The leases on disk and in memory: what a renewal writes, and what another life reads."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from edge.uplinks.dhcp import Lease, State
from edge.uplinks.dhcp_leases import LeaseFile

LEASE = Lease(IPv4Interface("192.0.2.50/24"), IPv4Address("192.0.2.1"), (), IPv4Address("192.0.2.1"), 2, 3, 4)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """On disk, in memory."""
    return tmp_path / "leases.json", tmp_path / "uplinks-leases.json"


def renewed(times: int) -> Lease:
    return replace(LEASE, renew_ns=2 + 2 * times, rebind_ns=3 + 2 * times, expires_ns=4 + 2 * times)


def test_a_renewal_does_not_write_the_disk_and_is_what_another_life_goes_on_with(files: tuple[Path, Path]) -> None:
    file = LeaseFile(*files)
    file.save({"fibre0": LEASE})
    first = files[0].stat().st_ino
    for times in range(1, 100):
        file.save({"fibre0": renewed(times)})
    assert files[0].stat().st_ino == first
    assert LeaseFile(*files).load() == {"fibre0": State(lease=renewed(99), had=LEASE.address.ip)}


@pytest.mark.parametrize(
    "changed",
    [
        replace(LEASE, address=IPv4Interface("192.0.2.51/24")),
        replace(LEASE, gateway=None),
        replace(LEASE, dns=(IPv4Address("192.0.2.53"),)),
        replace(LEASE, server=IPv4Address("192.0.2.2")),
    ],
)
def test_anything_else_is_written_at_once(files: tuple[Path, Path], changed: Lease) -> None:
    file = LeaseFile(*files)
    file.save({"fibre0": LEASE})
    for leases in ({"fibre0": changed}, {"fibre0": changed, "wwan0": LEASE}, {"wwan0": LEASE}):
        file.save(leases)
        files[1].unlink()
        assert {name: state.lease for name, state in LeaseFile(*files).load().items()} == leases


def test_after_a_reboot_the_address_alone_is_kept(files: tuple[Path, Path]) -> None:
    LeaseFile(*files).save({"fibre0": LEASE})
    for path in files:
        path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "another"}))
    assert LeaseFile(*files).load() == {"fibre0": State(had=LEASE.address.ip)}


@pytest.mark.parametrize("damage", ["garbage", "another boot", "somebody else's"])
def test_what_is_in_memory_and_of_no_use_leaves_what_is_on_disk(files: tuple[Path, Path], damage: str) -> None:
    LeaseFile(*files).save({"fibre0": LEASE})
    planted = json.loads(files[1].read_text())
    planted["leases"]["fibre0"]["gateway"] = "192.0.2.66"
    files[1].write_text(json.dumps(planted | ({"boot": "another"} if damage == "another boot" else {})))
    if damage == "garbage":
        files[1].write_bytes(b"\xff{")
    if damage == "somebody else's":
        os.chown(files[1], 65534, 65534)
    assert LeaseFile(*files).load()["fibre0"].lease == LEASE
