"""Switches on disk: there after a restart, bounded, and never in the way when the disk fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge.shared.clock import VirtualClock
from edge.shared.ledger import LedgerBusy
from edge.shared.messages.uplinks import Switch, SwitchCause
from edge.uplinks import book
from edge.uplinks.history import History


def switch(seq: int) -> Switch:
    return Switch(
        seq=seq,
        cause=SwitchCause.FAILBACK,
        from_link="lte",
        to_link="fibre",
        detected_monotonic_ns=seq,
        switched_monotonic_ns=seq + 1,
        detected_at="2026-11-22T02:14:07.000000Z",
        switched_at="2026-11-22T02:14:07.000001Z",
    )


async def write(path: Path, *switches: Switch, boot: str = "boot") -> None:
    history = History(path, VirtualClock(), boot)
    await history.open()
    for one in switches:
        history.record(one)
    await history.close()


def test_switches_are_there_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        await write(tmp_path / "history.db", switch(1), switch(2))
        history = History(tmp_path / "history.db", VirtualClock(), "boot")
        await history.open()
        assert history.next_seq == 3
        assert await history.last(10) == [switch(1), switch(2)]
        assert await history.last(1) == [switch(2)]
        await history.close()

    asyncio.run(story())


def test_another_life_knows_which_switches_were_of_its_boot(tmp_path: Path) -> None:
    """Their CLOCK_MONOTONIC is this boot's: hold-downs go on from them."""

    async def of_boot(boot: str) -> list[Switch]:
        history = History(tmp_path / "history.db", VirtualClock(), boot)
        await history.open()
        found = history.of_this_boot
        await history.close()
        return found

    async def story() -> None:
        await write(tmp_path / "history.db", switch(1), boot="first")
        await write(tmp_path / "history.db", switch(2), boot="second")
        await write(tmp_path / "history.db", switch(3), boot="second")
        assert await of_boot("second") == [switch(2), switch(3)]
        assert await of_boot("third") == []
        history = History(tmp_path / "history.db", VirtualClock(), "third")
        await history.open()
        history.record(switch(4))
        assert history.of_this_boot == [switch(4)]
        await history.close()

    asyncio.run(story())


def test_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "SWITCHES_KEPT", 3)

    async def story() -> None:
        await write(tmp_path / "history.db", *(switch(seq) for seq in range(1, 8)))
        history = History(tmp_path / "history.db", VirtualClock(), "boot")
        await history.open()
        assert [one.seq for one in await history.last(10)] == [5, 6, 7]
        await history.close()

    asyncio.run(story())


def test_a_damaged_file_stays_as_it_is_and_links_go_on(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"not a database, " * 100)

    async def story() -> None:
        history = History(path, VirtualClock(), "boot")
        await history.open()
        assert history.fault is not None
        history.record(switch(1))
        assert await history.last(10) == [switch(1)]
        await history.close()

    asyncio.run(story())
    assert path.read_bytes().startswith(b"not a database")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        history = History(tmp_path / "nowhere" / "history.db", VirtualClock(), "boot")
        await history.open()
        assert history.fault is not None
        await history.close()

    asyncio.run(story())


def test_two_daemons_do_not_share_a_history(tmp_path: Path) -> None:
    async def story() -> None:
        first, second = (
            History(tmp_path / "history.db", VirtualClock(), "boot"),
            History(tmp_path / "history.db", VirtualClock(), "boot"),
        )
        await first.open()
        with pytest.raises(LedgerBusy):
            await second.open()
        await first.close()

    asyncio.run(story())
