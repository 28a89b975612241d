"""A device that asks the box for a name nobody asked for before, again and again, and what it saw.

The program's arguments: resolver, zone, seconds between two, log of tries (`NAME SENT_NS`), log of answers
(`NAME ARRIVED_NS ADDRESS`). Each name is asked once more after RETRY_S, as a stub resolver does.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hil.rig.virtual.processes import Process
from hil.rig.virtual.waiting import HAPPENS_S, wait_for

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

RETRY_S = 5.0  # as glibc waits before it asks once more (resolv.conf(5), timeout)
_HEADER = struct.Struct("!6H")


@dataclass(frozen=True)
class Answer:
    """One name that was resolved."""

    name: str
    asked_ns: int
    arrived_ns: int
    address: str


class Names:
    """The device, from the town's LAN; use it in a `with` block."""

    def __init__(self, town: RunningTown, every: float = 0.05) -> None:
        self._town = town
        self._every = every
        self._process: Process | None = None
        self._tried = town.folder / "names-tried.txt"
        self._answered = town.folder / "names-answered.txt"

    def __enter__(self) -> Self:
        plan = self._town.plan
        argv = [sys.executable, "-m", __name__, plan.edge_lan, plan.resolved_zone, str(self._every)]
        for log in (self._tried, self._answered):
            log.write_bytes(b"")
        self._process = self._town.spawn("lan", [*argv, str(self._tried), str(self._answered)], "names.log")
        self._process.wait_printed("^asking$")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()

    def wait_answers(self, count: int, timeout: float = HAPPENS_S) -> None:
        """Return when that many more names were resolved. Raises TooLate."""
        before = len(self.answers())
        wait_for(lambda: len(self.answers()) >= before + count, f"{count} names resolved", timeout)

    def answers(self) -> list[Answer]:
        """Every name resolved so far, in the order of the answers."""
        asked = {name: int(at) for name, at in _lines(self._tried)}
        return [Answer(name, asked[name], int(at), address) for name, at, address in _lines(self._answered)]

    def outage_s(self, since_ns: int) -> float:
        """From that moment until a name asked after it was resolved. Raises LookupError when none was yet."""
        arrived = [answer.arrived_ns for answer in self.answers() if answer.asked_ns >= since_ns]
        if not arrived:
            raise LookupError("no name asked since was resolved")
        return (min(arrived) - since_ns) / 1e9

    def longest_wait_s(self, since_ns: int) -> float:
        """The longest that a name asked since that moment took to resolve, of those that were."""
        return max((a.arrived_ns - a.asked_ns) / 1e9 for a in self.answers() if a.asked_ns >= since_ns)


def _lines(path: Path) -> list[list[str]]:
    # A last line that is being written has no end yet.
    return [line.split() for line in path.read_text(encoding="ascii").splitlines(keepends=True) if line.endswith("\n")]


def question(identifier: int, name: str) -> bytes:
    """A question for the address of a name (RFC 1035)."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return _HEADER.pack(identifier, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)


def address_in(answer: bytes) -> str | None:
    """The last address of an answer, or None when it brings none."""
    _id, flags, _questions, answers, *_ = _HEADER.unpack_from(answer)
    return str(IPv4Address(answer[-4:])) if answers and not flags & 0x000F else None


class _Device(asyncio.DatagramProtocol):
    def __init__(self, answered: int) -> None:
        self._answered = answered
        self.waiting: dict[int, str] = {}

    def datagram_received(self, data: bytes, _source: object) -> None:
        address = address_in(data)
        name = self.waiting.pop(int.from_bytes(data[:2], "big"), None) if address else None
        if name is not None:
            os.write(self._answered, f"{name} {time.monotonic_ns()} {address}\n".encode("ascii"))

    def error_received(self, exc: Exception) -> None:
        print(exc, flush=True)  # nobody listens: as good as no answer


async def ask_for_ever(resolver: str, zone: str, every: float, tried: int, answered: int) -> None:
    """Ask until killed."""
    loop = asyncio.get_running_loop()
    transport, device = await loop.create_datagram_endpoint(lambda: _Device(answered), remote_addr=(resolver, 53))
    print("asking", flush=True)
    number = 0

    def ask_again(identifier: int, name: str) -> None:
        if device.waiting.get(identifier) == name:
            transport.sendto(question(identifier, name))

    while True:
        number = number % 0xFFFF + 1
        name = f"n{time.monotonic_ns()}.{zone}"
        device.waiting[number] = name
        os.write(tried, f"{name} {time.monotonic_ns()}\n".encode("ascii"))
        transport.sendto(question(number, name))
        loop.call_later(RETRY_S, ask_again, number, name)
        await asyncio.sleep(every)


if __name__ == "__main__":
    of, below, seconds, *logs = sys.argv[1:]
    tries, found = (os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for path in logs)
    asyncio.run(ask_for_ever(of, below, float(seconds), tries, found))
