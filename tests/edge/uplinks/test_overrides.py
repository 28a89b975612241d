"""What persons want of the links: kept, replaced, expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.shared.messages.common import Actor, Role
from edge.shared.messages.uplinks import Override, OverrideParams, Wish
from edge.uplinks.overrides import OverrideFile, in_force, wishes, with_wish
from edge.uplinks.situation import Wishes

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


def wish(link: str, kind: Wish, request_id: str = "", hours: int = 1) -> OverrideParams:
    return OverrideParams(
        link=link,
        wish=kind,
        reason="essai",
        expires_in_s=hours * 3600,
        request_id=request_id or f"{link}-{kind}",
        actor=Actor(user="dupont", role=Role.TECHNICIAN),
    )


def entries(*wanted: OverrideParams) -> list[Override]:
    found: list[Override] = []
    for params in wanted:
        found = with_wish(found, params, NOW)
    return found


def test_one_wish_a_link_and_one_forced_link_in_all() -> None:
    found = entries(wish("fibre", Wish.FORBID), wish("dsl", Wish.FORCE), wish("lte", Wish.FORCE))
    assert wishes(found) == Wishes(forced="lte", forbidden=frozenset({"fibre"}))
    found = with_wish(found, wish("lte", Wish.FORBID), NOW)
    assert wishes(found) == Wishes(forced=None, forbidden=frozenset({"fibre", "lte"}))


def test_the_same_request_is_once_the_deed() -> None:
    found = entries(wish("lte", Wish.FORCE, "same"))
    later = with_wish(found, wish("lte", Wish.FORCE, "same", hours=9), NOW + timedelta(minutes=5))
    assert later == found


def test_it_expires_and_a_link_that_the_settings_dropped_has_none() -> None:
    found = entries(wish("lte", Wish.FORCE, hours=1), wish("fibre", Wish.FORBID, hours=2))
    names = ["fibre", "lte"]
    assert len(in_force(found, names, NOW + timedelta(minutes=59))) == 2
    assert [entry.link for entry in in_force(found, names, NOW + timedelta(minutes=61))] == ["fibre"]
    assert in_force(found, ["dsl"], NOW) == []


def test_it_survives_a_restart_with_who_and_why(tmp_path: Path) -> None:
    OverrideFile(tmp_path / "o.json").write(entries(wish("lte", Wish.FORCE)))
    (entry,) = OverrideFile(tmp_path / "o.json").entries
    assert (entry.link, entry.wish, entry.reason, entry.author) == ("lte", Wish.FORCE, "essai", "dupont")


@pytest.mark.parametrize("content", [b"", b"[{}]", b"{", b"[[]]", b"5", b"\xff"])
def test_a_damaged_file_is_said_and_left_until_the_next_wish(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "o.json"
    path.write_bytes(content)
    file = OverrideFile(path)
    assert file.damaged
    assert file.entries == []
    assert path.read_bytes() == content
    file.write(entries(wish("lte", Wish.FORBID)))
    assert not file.damaged
    assert len(OverrideFile(path).entries) == 1


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path) -> None:
    file = OverrideFile(tmp_path / "gone" / "o.json")
    with pytest.raises(OSError, match="No such file"):
        file.write(entries(wish("lte", Wish.FORCE)))
    assert file.entries == []


@pytest.mark.parametrize("reason", ["", "deux\nlignes", "\x1b[2J", "\x9b2J", "x" * 201])
def test_a_reason_is_a_line_whoever_sends_it(reason: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        OverrideParams(link="lte", wish=Wish.FORCE, reason=reason, request_id="1")
