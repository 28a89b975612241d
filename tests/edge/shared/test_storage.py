"""Durable documents: damaged files, full disks, and what stays beside them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shared.storage import DocumentDamaged, DurableStorage, write_durably

FIRST = {"t": {"1": {"a": 1}}}
SECOND = {"t": {"1": {"a": 2}}}


def test_an_absent_document_is_empty(tmp_path: Path) -> None:
    assert DurableStorage(tmp_path / "d.json").read() is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    storage = DurableStorage(tmp_path / "d.json")
    storage.write(FIRST)
    storage.write(SECOND)
    assert DurableStorage(tmp_path / "d.json").read() == SECOND
    assert not storage.recovered


@pytest.mark.parametrize("damage", [b"", b'{"t": {"1"', b"[]", b"\x00" * 40, b"\xff\xfe"])
def test_a_damaged_document_gives_its_last_good_copy(tmp_path: Path, damage: bytes) -> None:
    storage = DurableStorage(tmp_path / "d.json")
    storage.write(FIRST)
    storage.write(SECOND)
    (tmp_path / "d.json").write_bytes(damage)
    after = DurableStorage(tmp_path / "d.json")
    assert after.read() == FIRST
    assert after.recovered


def test_a_damaged_document_does_not_become_the_good_copy(tmp_path: Path) -> None:
    storage = DurableStorage(tmp_path / "d.json")
    storage.write(FIRST)
    storage.write(SECOND)
    (tmp_path / "d.json").write_bytes(b"{")
    storage.write({"t": {}})
    (tmp_path / "d.json").write_bytes(b"{")
    assert storage.read() == FIRST


def test_both_damaged_is_said_and_never_replaced_by_defaults(tmp_path: Path) -> None:
    storage = DurableStorage(tmp_path / "d.json")
    storage.write(FIRST)
    storage.write(SECOND)
    (tmp_path / "d.json").write_bytes(b"{")
    (tmp_path / "d.json.good").write_bytes(b"")
    with pytest.raises(DocumentDamaged, match=r"d\.json"):
        storage.read()
    assert (tmp_path / "d.json").read_bytes() == b"{"


def test_a_removed_document_gives_its_good_copy(tmp_path: Path) -> None:
    storage = DurableStorage(tmp_path / "d.json")
    storage.write(FIRST)
    storage.write(SECOND)
    (tmp_path / "d.json").unlink()
    assert DurableStorage(tmp_path / "d.json").read() == FIRST


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".d.json.abc.new").write_bytes(b"half")
    (tmp_path / ".other.json.abc.new").write_bytes(b"half")
    DurableStorage(tmp_path / "d.json")
    assert [entry.name for entry in tmp_path.iterdir()] == [".other.json.abc.new"]


def test_the_mode_is_as_asked(tmp_path: Path) -> None:
    write_durably(tmp_path / "secret", b"x", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "repli-test", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_content(small_disk: Path) -> None:
    storage = DurableStorage(small_disk / "d.json")
    storage.write(FIRST)
    with pytest.raises(OSError, match="No space"):
        storage.write({"t": {"1": {"a": "x" * 200_000}}})
    assert DurableStorage(small_disk / "d.json").read() == FIRST
    storage.write(SECOND)
    assert DurableStorage(small_disk / "d.json").read() == SECOND
