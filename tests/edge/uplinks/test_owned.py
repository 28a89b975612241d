"""Where earlier settings left traces is remembered, and no disk holds up the daemon for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge.uplinks.owned import Owned
from edge.uplinks.plan import Footprint, Vlan
from tests.edge.uplinks.slow_disk import SlowDisk, slow_disk

MINE = Footprint(
    "repli_uplinks",
    4100,
    5200,
    frozenset({("wan0", "198.51.100.2/29")}),
    ("wan0", "wwan0"),
    frozenset({Vlan("wan0", "eth0", 835)}),
    frozenset({"wan0"}),
)


def test_it_is_on_the_medium_before_anything_is_touched_and_the_loop_goes_on_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "owned.json"

    async def story(disk: SlowDisk) -> None:
        writing = asyncio.create_task(Owned(path).write([MINE]))
        await asyncio.to_thread(disk.asked.wait, 10)
        assert not writing.done()
        disk.goes_on.set()
        await writing
        assert Owned(path).footprints == [MINE]

    with slow_disk() as disk:
        asyncio.run(story(disk))


def test_a_file_that_is_damaged_or_cut_short_is_nothing_remembered(tmp_path: Path) -> None:
    path = tmp_path / "owned.json"
    asyncio.run(Owned(path).write([MINE]))
    path.write_bytes(path.read_bytes()[:-9])
    assert Owned(path).footprints == []
