"""sipp as a load: so many calls at such a rate, and what became of them by sipp's own counters."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.processes import Process
from hil.rig.virtual.sip.place import Place

SCENARIOS = Path(__file__).with_name("sipp")
TAIL_S = 40.0  # sipp gives a call up by then: 64 times T1 (RFC 3261, timer B)


@dataclass(frozen=True)
class Load:
    """What to do how often. people: lines of field0;field1;field2;ADDRESS, taken in turn, each from its own address."""

    scenario: str
    target: tuple[str, int]
    people: Sequence[str]
    rate: int  # per second
    count: int
    domain: str
    port: int = 5060  # of the addresses


@dataclass(frozen=True)
class Outcome:
    """What sipp counted."""

    asked: int
    good: int
    failed: dict[str, int]  # by sipp's name of the cause
    again: int  # messages sent again
    seconds: float

    @property
    def per_second(self) -> float:
        """Good ones, by the time it took for all."""
        return self.good / self.seconds if self.seconds else 0.0


def run(place: Place, load: Load, name: str) -> Outcome:
    """Do it and wait for its end."""
    people = write_people(place, load.people, name)
    stats = place.folder / f"{name}-stats.csv"
    stats.unlink(missing_ok=True)
    keys = ["-key", "domain", load.domain, "-key", "port", str(load.port)]
    argv = [
        *("sipp", f"{load.target[0]}:{load.target[1]}", "-sf", str(SCENARIOS / f"{load.scenario}.xml")),
        *(*from_their_addresses(people, load.port), "-i", load.people[0].rpartition(";")[2], "-nostdin", *keys),
        *("-r", str(load.rate), "-m", str(load.count), "-l", str(load.count), "-timeout_error"),
        *("-timeout", f"{load.count / load.rate + TAIL_S:.0f}s", "-trace_stat", "-stf", str(stats), "-fd", "3600"),
        *("-trace_err", "-error_file", str(place.folder / f"{name}-errors.log")),
    ]
    process = place.spawn(argv, f"{name}.log")
    wait(process, load.count / load.rate + 2 * TAIL_S)
    return read(stats, load.count)


def write_people(place: Place, people: Sequence[str], name: str) -> Path:
    """The lines as sipp takes them."""
    path = place.folder / f"{name}.csv"
    path.write_text("\n".join(["SEQUENTIAL", *people, ""]), encoding="ascii")
    return path


def from_their_addresses(people: Path, port: int = 5060) -> list[str]:
    """sipp's options for a socket on the address of each line."""
    return ["-t", "ui", "-max_socket", "1000", "-inf", str(people), "-ip_field", "3", "-p", str(port)]


def wait(process: Process, timeout: float) -> None:
    """Until it ended by itself."""
    assert process.popen is not None
    process.popen.wait(timeout)


def read(stats: Path, asked: int) -> Outcome:
    """The last line of sipp's statistics. (C) marks what was counted from the start."""
    with stats.open(encoding="ascii", newline="") as lines:
        *_, last = csv.DictReader(lines, delimiter=";")
    failed = {
        name.removesuffix("(C)"): int(value)
        for name, value in last.items()
        if name and name.startswith("Failed") and name.endswith("(C)") and value and int(value)
    }
    return Outcome(
        asked=asked,
        good=int(last["SuccessfulCall(C)"]),
        failed=failed,
        again=int(last["Retransmissions(C)"]),
        seconds=_moment(last["CurrentTime"]) - _moment(last["StartTime"]),  # ElapsedTime knows whole seconds only
    )


def _moment(text: str) -> float:
    # Date, time of day and seconds since 1970, between tabs.
    return float(text.split("\t")[2])
