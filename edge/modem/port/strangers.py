"""Who else is at a modem's port, and what answers there when no modem does.

What is heard is judged by pure functions. Openers are looked for in /proc: a daemon that is not root sees the files of its own
processes only, so who holds a lock (/proc/locks), who left a lock file, and who names the device in its command line count too.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import reduce
from pathlib import Path

SAMPLE_MAX = 60  # characters of what was heard that are repeated
# They open every port they take for a modem's or a Braille display's.
GRABBERS = ("ModemManager", "brltty")
# What a modem says, well or not; nothing of it is nonsense.
MODEMS_OWN = re.compile(r"[+^]|AT|OK$|ERROR|RDY$|RING$|NO CARRIER|SMS|PB DONE|Call Ready|> ?$")
NMEA = re.compile(r"\$([A-Z]{2}[A-Z]{3},[^*]*)\*([0-9A-Fa-f]{2})")


class Heard(StrEnum):
    """What answers at a port that does not work as a modem's; the names of the checks."""

    NOTHING = "no_answer"
    GPS = "gps_port"
    NONSENSE = "nonsense"


def judge(lines: Sequence[str]) -> Heard:
    """What the lines heard instead of OK are."""
    sentences = [found for line in lines for found in NMEA.findall(line)]
    # One of them with a right checksum is no accident.
    if any(_checksum(body) == int(given, 16) for body, given in sentences):
        return Heard.GPS
    strange = [line for line in lines if line.strip() and not MODEMS_OWN.match(line.strip())]
    return Heard.NONSENSE if strange else Heard.NOTHING


def sample(lines: Sequence[str]) -> str:
    """The last line heard, for people: printable and short."""
    text = next((line for line in reversed(lines) if line.strip()), "")
    return "".join(letter if letter.isprintable() else "?" for letter in text[:SAMPLE_MAX])


def _checksum(body: str) -> int:
    return reduce(lambda total, letter: total ^ ord(letter), body, 0)


def openers(device: str, proc: Path = Path("/proc"), lock_folder: Path = Path("/var/lock")) -> list[str]:
    """Other processes that have the device open, as far as this user may know: "minicom (pid 812)"."""
    real = os.path.realpath(device)
    found = {*_by_files(real, proc), *_by_locks(real, proc), *_by_lock_file(real, lock_folder)}
    found.discard(os.getpid())
    return [_named(pid, proc) for pid in sorted(found) if (proc / str(pid)).is_dir()]


def suspects(device: str, proc: Path = Path("/proc")) -> list[str]:
    """Other processes that name the device in their command line: they mean to use it."""
    names = {device.encode(), os.path.realpath(device).encode()}
    found = []
    for pid in _pids(proc):
        with contextlib.suppress(OSError):
            words = (proc / str(pid) / "cmdline").read_bytes().split(b"\0")
            # A daemon told "gps:/dev/ttyUSB1" or "--port=/dev/ttyUSB1" means it too; a shell's whole script does not.
            if any(re.split(rb"[=:]", word)[-1] in names for word in words):
                found.append(pid)
    return [_named(pid, proc) for pid in found if pid != os.getpid()]


def grabbers(proc: Path = Path("/proc")) -> list[str]:
    """Programs that run and open ports which nobody told them to."""
    return [_named(pid, proc) for pid in _pids(proc) if _comm(pid, proc) in GRABBERS]


def holder(device: str) -> str:
    """Who has it, as far as this user may know."""
    known = openers(device) or suspects(device)
    return ", ".join(known) or "another process"


def _by_files(real: str, proc: Path) -> Iterator[int]:
    for pid in _pids(proc):
        with contextlib.suppress(OSError):
            if any(_target(link) == real for link in (proc / str(pid) / "fd").iterdir()):
                yield pid


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # closed meanwhile


def _by_locks(real: str, proc: Path) -> Iterator[int]:
    try:
        status = Path(real).stat()
        lines = (proc / "locks").read_text().splitlines()
    except OSError:
        return
    # 1: FLOCK  ADVISORY  WRITE 812 00:05:1234 0 EOF (proc_locks(5)); the device is the file system's.
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[5] == place and words[4].isdigit():
            yield int(words[4])


def _by_lock_file(real: str, folder: Path) -> Iterator[int]:
    # FHS 3.0, 5.9: LCK..ttyUSB2 holds the process id in ten characters.
    with contextlib.suppress(OSError, ValueError):
        yield int((folder / f"LCK..{Path(real).name}").read_text().split()[0])


def _pids(proc: Path) -> list[int]:
    return sorted(int(folder.name) for folder in proc.glob("[0-9]*"))


def _comm(pid: int, proc: Path) -> str:
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def _named(pid: int, proc: Path) -> str:
    return f"{_comm(pid, proc) or '?'} (pid {pid})"
