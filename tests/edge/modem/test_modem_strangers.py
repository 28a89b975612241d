"""Who else has the port, and what answers at one that is no modem's command port."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.port import strangers
from edge.modem.port.strangers import Heard, judge

GGA = "$GPGGA,092751.000,5321.6802,N,00630.3371,W,1,8,1.03,61.7,M,55.3,M,,*75"


def test_a_position_receiver_is_known_by_a_sentence_with_a_right_checksum() -> None:
    assert strangers._checksum(GGA[1:].partition("*")[0]) == int(GGA[-2:], 16)
    assert judge(["", "x$GPG", GGA]) is Heard.GPS
    assert judge([GGA[:-2] + "00"]) is Heard.NONSENSE
    assert judge(["login:"]) is Heard.NONSENSE
    assert judge(["", "  "]) is Heard.NOTHING
    assert judge(["RDY", "+CPIN: READY", "OK"]) is Heard.NOTHING, "a modem that hangs after its boot"
    assert judge([]) is Heard.NOTHING


@given(st.lists(st.text(max_size=40), max_size=5))
def test_what_is_repeated_of_it_can_be_printed(lines: list[str]) -> None:
    text = strangers.sample(lines)
    assert text.isprintable()
    assert len(text) <= strangers.SAMPLE_MAX
    judge(lines)


@pytest.fixture
def port() -> Iterator[str]:
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


def opener(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_program_that_has_the_port_open_is_named(port: str) -> None:
    process = opener("import sys, time; f = open(sys.argv[1]); print(flush=True); time.sleep(60)", port)
    try:
        assert [name for name in strangers.openers(port) if f"(pid {process.pid})" in name]
        assert [name for name in strangers.suspects(port) if f"(pid {process.pid})" in name]
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert not [name for name in strangers.openers(port) if f"(pid {process.pid})" in name]


def proc(folder: Path, pid: int, name: str, *words: str) -> Path:
    entry = folder / str(pid)
    entry.mkdir(parents=True)
    (entry / "comm").write_text(name + "\n")
    (entry / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
    return folder


def test_without_leave_to_look_into_other_processes_a_lock_tells(port: str, tmp_path: Path) -> None:
    """As for a daemon that is not root: /proc/PID/fd is closed to it, /proc/locks is not."""
    held = os.open(port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(held, fcntl.LOCK_EX)
    locks = [line for line in Path("/proc/locks").read_text().splitlines() if f" {os.getpid()} " in line]
    folder = proc(tmp_path / "proc", 812, "minicom", "minicom")
    (folder / "locks").write_text("\n".join(locks).replace(f" {os.getpid()} ", " 812 "))
    assert strangers.openers(port, folder, tmp_path) == ["minicom (pid 812)"]
    os.close(held)


def test_a_lock_file_tells_too(port: str, tmp_path: Path) -> None:
    folder = proc(tmp_path / "proc", 813, "pppd", "pppd")
    (tmp_path / f"LCK..{Path(port).name}").write_text("       813\n")
    assert strangers.openers(port, folder, tmp_path) == ["pppd (pid 813)"]
    (tmp_path / f"LCK..{Path(port).name}").write_text("       814\n")
    assert strangers.openers(port, folder, tmp_path) == [], "left behind by a program that is gone"


def test_programs_that_grab_ports_and_who_names_the_device(tmp_path: Path) -> None:
    folder = proc(tmp_path, 700, "ModemManager", "/usr/sbin/ModemManager")
    proc(folder, 701, "gpsd", "gpsd", "-n", "/dev/ttyUSB1")
    proc(folder, 702, "python3", "python3", "read.py", "--port=/dev/ttyUSB2")
    proc(folder, 703, "bash", "bash", "-c", "echo /dev/ttyUSB2 is nice")
    proc(folder, 704, "brltty", "brltty")
    assert strangers.grabbers(folder) == ["ModemManager (pid 700)", "brltty (pid 704)"]
    assert strangers.grabbers(tmp_path / "other") == []
    assert strangers.suspects("/dev/ttyUSB2", folder) == ["python3 (pid 702)"]
