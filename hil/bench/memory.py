"""Memory of the whole appliance, as the kernel counts it: PSS shares each shared page among those who map it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.shared.daemons import DAEMONS
from hil.rig.alone import Appliance

SETTLE_SECONDS = 5.0  # after ready: first probes, first cycles, garbage of the start collected
BARE_PYTHON = "bare python3"
BARE_KAMAILIO = "bare Debian kamailio"

SITE = """\
[site]
name = "Mesure"
[[uplinks.links]]
name = "fibre"
interface = "bench-none"
targets = [{ host = "192.0.2.1" }]
[[uplinks.zones]]
name = "lan"
interface = "bench-lan"
address = "192.0.2.9/30"
[[modem.devices]]
name = "lte"
device = "/dev/repli-bench-no-such-modem"
[voice]
domain = "mesure.test"
listen = [{ address = "127.0.0.1", port = 5060 }]
cloud = { address = "127.0.0.1", port = 5099 }
extensions = [{ number = "101", password = "x" }, { number = "102", password = "y" }]
[[alerts.scenarios]]
id = "essai"
title = "Essai"
text = "Essai"
"""


@dataclass(frozen=True)
class Usage:
    """One daemon with all its processes. kB."""

    name: str
    processes: int
    pss_kb: int
    private_kb: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench-memory: must run as root: it starts the daemons as their own users")
    daemons, references = measure()
    if arguments.json:
        print(json.dumps(_fields(daemons, references), indent=2))
    else:
        _print(daemons, references)


def measure() -> tuple[list[Usage], list[Usage]]:
    """The daemons, and the references of the same moment on the same machine."""
    folder = Path(tempfile.mkdtemp(prefix="bm-", dir="/tmp"))
    try:
        with Appliance(folder, f"bench-memory-{os.getpid()}") as box:
            box.write_site(SITE)
            box.start()
            with _bare_python() as python, _bare_kamailio(box) as kamailio:
                time.sleep(SETTLE_SECONDS)
                references = [usage(BARE_PYTHON, python), usage(BARE_KAMAILIO, kamailio)]
            return [usage(name, box.pid(name)) for name in DAEMONS], references
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def usage(name: str, pid: int) -> Usage:
    """What a process, all its descendants and its process group use. Source: /proc/PID/smaps_rollup (proc(5))."""
    tree = sorted({pid, *descendants(pid), *group(pid)})
    rollups = [_rollup(member) for member in tree]
    return Usage(
        name,
        len(tree),
        sum(rollup["Pss"] for rollup in rollups),
        sum(rollup["Private_Clean"] + rollup["Private_Dirty"] for rollup in rollups),
    )


def descendants(pid: int) -> Iterator[int]:
    """Children of all its threads, and theirs."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))


def group(leader: int) -> Iterator[int]:
    """Members of the process group it leads: a launcher's sentinel is nobody's child."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(int(entry.name)) == leader:
                    yield int(entry.name)


def _rollup(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}


@contextlib.contextmanager
def _bare_python() -> Iterator[int]:
    """The interpreter of the daemons with nothing imported: what no Python daemon can go below."""
    waiting = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", waiting], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


@contextlib.contextmanager
def _bare_kamailio(box: Appliance) -> Iterator[int]:
    """Debian's own configuration, unchanged, in a namespace where nothing else listens on its port."""
    folder = box.folder / "bare-kamailio"
    folder.mkdir()
    with Appliance(folder / "root", f"{box.namespace}k") as other:
        command = [
            "ip",
            "netns",
            "exec",
            other.namespace,
            "kamailio",
            "-DD",
            "-E",
            "-Y",
            str(folder),
            "-w",
            str(folder),
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield process.pid
            finally:
                process.terminate()


def _fields(daemons: list[Usage], references: list[Usage]) -> dict[str, object]:
    return {
        "schema": 1,
        "unit": "kB",
        "daemons": {entry.name: _row(entry) for entry in daemons},
        "sum_pss_kb": sum(entry.pss_kb for entry in daemons),
        "references": {entry.name: _row(entry) for entry in references},
    }


def _row(entry: Usage) -> dict[str, int]:
    return {"processes": entry.processes, "pss_kb": entry.pss_kb, "private_kb": entry.private_kb}


def _print(daemons: list[Usage], references: list[Usage]) -> None:
    print(f"{'':<22}{'processes':>10}{'PSS MB':>9}{'private MB':>12}")
    for entry in daemons:
        _print_row(entry)
    total = Usage(
        "sum",
        sum(entry.processes for entry in daemons),
        sum(entry.pss_kb for entry in daemons),
        sum(entry.private_kb for entry in daemons),
    )
    _print_row(total)
    print("for comparison, in the same run:")
    for entry in references:
        _print_row(entry)


def _print_row(entry: Usage) -> None:
    print(f"{entry.name:<22}{entry.processes:>10}{entry.pss_kb / 1024:>9.1f}{entry.private_kb / 1024:>12.1f}")


if __name__ == "__main__":
    main()
