"""What persons want of the links: kept, replaced, expired; and what clocks, reboots and disks may do to it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.shared.clock import VirtualClock
from edge.shared.messages.common import Actor, Role
from edge.shared.messages.uplinks import OverrideParams, Wish
from edge.uplinks.overrides import wishes
from edge.uplinks.situation import Wishes
from edge.uplinks.wish_book import WRITE_EVERY_S, OverrideFile, WishBook

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
LINKS = ("fibre", "dsl", "lte")


def wish(link: str, kind: Wish, request_id: str = "", hours: float = 1) -> OverrideParams:
    return OverrideParams(
        link=link,
        wish=kind,
        reason="essai",
        expires_in_s=round(hours * 3600),
        request_id=request_id or f"{link}-{kind}",
        actor=Actor(user="dupont", role=Role.TECHNICIAN),
    )


@dataclass
class Box:
    """A box with its clocks: it can be killed, or be switched off for a while."""

    folder: Path
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOW))
    disciplined: bool | None = True
    boots: int = 1

    def __post_init__(self) -> None:
        self.starts()

    @property
    def path(self) -> Path:
        return self.folder / "overrides.json"

    def starts(self) -> None:
        """The daemon, once more."""
        file = OverrideFile(self.path, f"boot {self.boots}")
        self.book = WishBook(file, self.clock, lambda: self.disciplined)
        asyncio.run(self.book.look())

    def boots_after(self, hours: float, *, wall: datetime | None = None, disciplined: bool) -> None:
        """Off for so long, then up for a minute; wall is what its clock says then, where that is wrong."""
        real = self.clock.now() + timedelta(hours=hours)
        self.clock = VirtualClock(wall or real)
        self.disciplined, self.boots = disciplined, self.boots + 1
        self.clock.advance(60)
        self.starts()

    def runs(self, hours: float) -> None:
        """So many hours, a look every minute."""
        for _ in range(round(hours * 60)):
            self.clock.advance(60)
            asyncio.run(self.book.look())

    def wants(self, *wanted: OverrideParams) -> None:
        for params in wanted:
            asyncio.run(self.book.add(params))

    def releases(self, link: str | None) -> None:
        asyncio.run(self.book.release(link))

    def forced(self) -> bool:
        return bool(self.book.in_force(LINKS))

    def wishes(self) -> Wishes:
        return wishes(self.book.in_force(LINKS))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Nothing wanted yet."""
    return Box(tmp_path)


def test_one_wish_a_link_and_one_forced_link_in_all(box: Box) -> None:
    box.wants(wish("fibre", Wish.FORBID), wish("dsl", Wish.FORCE), wish("lte", Wish.FORCE))
    assert box.wishes() == Wishes(forced="lte", forbidden=frozenset({"fibre"}))
    box.wants(wish("lte", Wish.FORBID))
    assert box.wishes() == Wishes(forced=None, forbidden=frozenset({"fibre", "lte"}))
    box.releases("fibre")
    assert box.wishes() == Wishes(forced=None, forbidden=frozenset({"lte"}))


def test_the_same_request_is_once_the_deed(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, "same"))
    (before,) = box.book.in_force(LINKS)
    box.clock.advance(300)
    box.wants(wish("lte", Wish.FORCE, "same", hours=9))
    assert box.book.in_force(LINKS) == [before]


def test_it_expires(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, hours=1), wish("fibre", Wish.FORBID, hours=2))
    box.clock.advance(59 * 60)
    assert len(box.book.in_force(LINKS)) == 2
    box.clock.advance(2 * 60)
    assert [entry.link for entry in box.book.in_force(LINKS)] == ["fibre"]


def test_it_survives_a_restart_with_who_and_why(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE))
    (before,) = box.book.in_force(LINKS)
    box.clock.advance(60)
    box.starts()
    (entry,) = box.book.in_force(LINKS)
    assert entry == before
    assert (entry.link, entry.wish, entry.reason, entry.author) == ("lte", Wish.FORCE, "essai", "dupont")
    box.clock.advance(59 * 60)
    assert not box.forced(), "another life of the daemon makes it no longer"


@pytest.mark.parametrize("change", ["another", "released"])
def test_a_wish_about_a_link_that_the_settings_do_not_have_for_now_waits_for_it(box: Box, change: str) -> None:
    box.wants(wish("lte", Wish.FORBID))
    without = ("fibre", "dsl")
    assert box.book.in_force(without) == []
    if change == "another":
        box.wants(wish("dsl", Wish.FORCE))
    else:
        box.wants(wish("dsl", Wish.FORCE))
        box.releases("dsl")
    box.starts()
    assert "lte" in box.wishes().forbidden
    box.releases(None)
    assert box.wishes() == Wishes(), "to release all means all"


# -- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [56, -56])
def test_a_clock_that_is_put_right_neither_ends_a_wish_nor_keeps_it(box: Box, years: int) -> None:
    """A box that boots in 1970 and learns the time, and one that somebody set to a day far ahead."""
    box.clock.wall -= timedelta(days=365 * years)
    box.disciplined = False
    box.wants(wish("lte", Wish.FORCE, hours=2))
    box.runs(1)
    box.clock.wall += timedelta(days=365 * years)
    box.disciplined = True
    box.runs(0.9)
    (entry,) = box.book.in_force(LINKS)
    assert abs(datetime.fromisoformat(entry.expires_at) - box.clock.now() - timedelta(minutes=6)) < timedelta(seconds=2)
    box.starts()
    assert box.forced()
    box.runs(0.15)
    assert not box.forced()


def test_the_time_that_the_box_was_off_counts_as_soon_as_the_clock_is_believed(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, hours=3))
    box.runs(1)
    real = box.clock.now() + timedelta(hours=1)
    box.boots_after(1, wall=datetime(1970, 1, 1, tzinfo=UTC), disciplined=False)
    box.runs(0.5)
    assert box.forced()
    box.clock.wall = real
    box.disciplined = True
    box.runs(0.4)
    assert box.forced(), "one hour of running, one off, 54 minutes and the boot of this life"
    box.runs(0.1)
    assert not box.forced()


def test_a_box_that_was_off_for_longer_than_a_wish_lasts_ends_it_at_once(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, hours=3))
    box.boots_after(4, disciplined=True)
    assert not box.forced()


@pytest.mark.parametrize("wall", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)])
def test_without_the_time_a_wish_lasts_for_its_hours_of_running_through_reboots(box: Box, wall: datetime) -> None:
    """A box that never learns the time and is switched off and on: not for ever, and not ended by the first boot."""
    box.disciplined = None
    box.wants(wish("lte", Wish.FORCE, hours=3))
    hours = 0.0
    while box.forced() and hours < 9:
        box.boots_after(10, wall=wall, disciplined=False)
        box.runs(0.5)
        hours += 0.5
    assert 2.5 <= hours <= 4


def test_a_clock_that_is_behind_after_a_reboot_makes_nothing_longer(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, hours=2))
    box.boots_after(0, wall=NOW - timedelta(days=3), disciplined=True)
    box.runs(2)
    assert not box.forced()


def test_what_ended_is_not_there_again_after_a_boot(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, hours=0.15))
    box.runs(0.15)
    assert not box.forced()
    box.boots_after(1, wall=datetime(1970, 1, 1, tzinfo=UTC), disciplined=False)
    assert not box.forced()


def test_the_card_is_spared(box: Box) -> None:
    box.wants(wish("lte", Wish.FORCE, hours=24))
    writes, before = 0, box.path.stat().st_ino
    for _ in range(60):
        box.runs(1 / 60)
        writes += box.path.stat().st_ino != before
        before = box.path.stat().st_ino
    assert 1 <= writes <= 3600 // WRITE_EVERY_S


# -- disks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[{}]",
        b"{",
        b"[[]]",
        b"5",
        b"\xff",
        b'{"boot": "boot 1"}',
        b'{"boot": "boot 1", "wishes": [{"override": {}}]}',
    ],
)
def test_a_damaged_file_is_said_and_left_until_the_next_wish(box: Box, content: bytes) -> None:
    box.path.write_bytes(content)
    box.starts()
    assert box.book.damaged
    assert not box.forced()
    box.runs(1)
    assert box.path.read_bytes() == content
    box.wants(wish("lte", Wish.FORBID))
    assert not box.book.damaged
    assert len(json.loads(box.path.read_bytes())["wishes"]) == 1


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    box = Box(folder)
    box.wants(wish("fibre", Wish.FORBID))
    box.path.unlink()
    folder.rmdir()
    with pytest.raises(OSError, match="No such file"):
        box.wants(wish("lte", Wish.FORCE))
    assert box.wishes() == Wishes(forbidden=frozenset({"fibre"}))
    box.runs(0.5)
    assert box.wishes() == Wishes(forbidden=frozenset({"fibre"})), "nor does what is written now and then"


@pytest.mark.parametrize("reason", ["", "deux\nlignes", "\x1b[2J", "\x9b2J", "x" * 201])
def test_a_reason_is_a_line_whoever_sends_it(reason: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        OverrideParams(link="lte", wish=Wish.FORCE, reason=reason, request_id="1")
