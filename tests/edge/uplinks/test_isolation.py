"""Which zones are cut off: requests in any order, and what a disk may do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from edge.shared.messages.common import Actor
from edge.shared.messages.uplinks_firewall import IsolateParams
from edge.shared.model import Link, UplinksSection, Zone, ZoneRole
from edge.uplinks.isolation import IsolationFile, Kept, after
from edge.uplinks.nft.zones import can_be_isolated
from tests.edge.uplinks.slow_disk import SlowDisk, slow_disk

NOW = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)


def asked(request_id: str, *, on: bool = True) -> IsolateParams:
    return IsolateParams(on=on, reason="virus", request_id=request_id, actor=Actor(user="alice"))


def test_a_request_that_comes_late_does_not_undo_a_newer_one() -> None:
    cut = after(Kept(), asked("1"), ["bureaux"], NOW)
    assert cut.isolation is not None
    assert (cut.isolation.zones, cut.isolation.author, cut.isolation.reason) == (["bureaux"], "alice", "virus")
    ended = after(cut, asked("2", on=False), ["bureaux"], NOW)
    assert ended.isolation is None
    assert after(ended, asked("1"), ["bureaux"], NOW) == ended


def test_zones_are_added_and_ended_one_by_one() -> None:
    kept = after(after(Kept(), asked("1"), ["a"], NOW), asked("2"), ["b"], NOW)
    assert kept.isolation is not None
    assert kept.isolation.zones == ["a", "b"]
    kept = after(kept, asked("3", on=False), ["a"], NOW)
    assert kept.isolation is not None
    assert kept.isolation.zones == ["b"]


def keep(file: IsolationFile, kept: Kept) -> None:
    file.kept = kept
    asyncio.run(file.keep())


def test_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "isolation.json"
    kept = after(Kept(), asked("1"), ["bureaux"], NOW)
    keep(IsolationFile(path), kept)
    assert IsolationFile(path).kept == kept


def test_a_disk_that_refuses_does_not_hold_it_up(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    file = IsolationFile(folder / "isolation.json")
    folder.rmdir()
    kept = after(Kept(), asked("1"), ["bureaux"], NOW)
    keep(file, kept)
    assert file.kept == kept
    assert file.fault
    folder.mkdir()
    asyncio.run(file.keep())
    assert not file.fault
    assert IsolationFile(folder / "isolation.json").kept == kept, "asked once more it is written"


def test_a_slow_disk_stalls_nobody_and_the_newest_is_what_is_kept(tmp_path: Path) -> None:
    """Two requests while the disk is busy: none is acknowledged before it is on the medium, and the loop goes on."""
    path = tmp_path / "isolation.json"
    cut = after(Kept(), asked("1"), ["bureaux"], NOW)
    ended = after(cut, asked("2", on=False), ["bureaux"], NOW)

    async def story(disk: SlowDisk) -> None:
        file = IsolationFile(path)
        file.kept = cut
        first = asyncio.create_task(file.keep())
        await asyncio.to_thread(disk.asked.wait, 10)
        file.kept = ended
        second = asyncio.create_task(file.keep())
        await asyncio.sleep(0.05)
        assert not first.done()
        assert not second.done()
        disk.goes_on.set()
        await asyncio.gather(first, second)

    with slow_disk() as disk:
        asyncio.run(story(disk))
    assert IsolationFile(path).kept == ended


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "isolation.json"
    path.write_bytes(b"\0\0")
    file = IsolationFile(path)
    assert file.kept == Kept()
    assert file.fault
    assert path.read_bytes() == b"\0\0"


def test_only_the_staff_behind_the_box_can_be_cut_off() -> None:
    zones = [
        Zone(name="bureaux", interface="lan0"),
        Zone(name="annexe", interface="eth0", networks=["10.1.0.0/16"]),
        Zone(name="crise", interface="lan1", role=ZoneRole.CRISIS),
    ]
    section = UplinksSection(links=[Link(name="mairie", interface="eth0")], zones=zones)
    assert [zone.name for zone in can_be_isolated(section)] == ["bureaux"]
    assert can_be_isolated(UplinksSection(zones=zones)) == []
