"""How many SMS a second go through an SMPP gateway, every one in the ledger and with its receipt, and what it costs.

Counted in the log of the SMS centre (npm's SMPP server), from the first request to the daemon until the centre has the
acknowledgement of the last receipt. Beside it, on the same centre and with the same window: npm's own client, which
keeps nothing on disk. Then one urgent message while thousands of routine ones wait for an account of 50 a second.
`python -m hil.bench.smpp`; exit 0 when Repli keeps its promises.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.shared.messages.modem import MODEM, SEND, SendParams, SmsSeverity
from edge.shared.varlink import Client
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.smsc.bench import GatewayBench
from hil.rig.virtual.smsc.centre import Centre, doubled, modules

RATE, URGENT_S = 300, 0.5  # the promises
WINDOW = 50
WAITING = 3000  # routine messages before the urgent one
SLOW_ACCOUNT = 50  # a second
SENDERS = 8  # connections to the daemon that ask at the same time
PATIENCE_S = 120
PEER = Path(__file__).with_name("smpp_peer.js")


@dataclass
class Run:
    """What the centre's log says of one sender."""

    name: str
    messages: int
    seconds: float
    taken: int  # receipts acknowledged
    lost: int
    doubled: int
    cpu_ms: float  # of the sender, for each message

    @property
    def per_second(self) -> float:
        """Messages with receipt, from the first request on."""
        return self.taken / self.seconds


def main() -> int:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs = [repli(options.messages), npm_client(options.messages)]
    urgent_s = urgent_behind_many()
    kept = promises(runs[0], urgent_s)
    print(f"{'sender':<24}{'messages':>9}{'per s':>8}{'lost':>6}{'doubled':>9}{'CPU ms each':>13}")
    for run in runs:
        print(f"{run.name:<24}{run.messages:>9}{run.per_second:>8.0f}{run.lost:>6}{run.doubled:>9}{run.cpu_ms:>13.2f}")
    print(f"urgent, with {WAITING} routine waiting: {urgent_s * 1000:.0f} ms until the centre had it")
    print("promises: " + ", ".join(f"{name} {'kept' if good else 'BROKEN'}" for name, good in kept.items()))
    if options.json:
        options.json.write_text(json.dumps({"runs": [asdict(run) for run in runs], "urgent_s": urgent_s, "kept": kept}))
    return 0 if all(kept.values()) else 1


def promises(ours: Run, urgent_s: float) -> dict[str, bool]:
    """Promise by promise."""
    return {
        "rate": ours.per_second >= RATE,
        "counts": (ours.lost, ours.doubled) == (0, 0),
        "urgent": urgent_s <= URGENT_S,
    }


def repli(count: int) -> Run:
    """The modem daemon with its ledger on a disk, asked over varlink."""
    with box() as bench:
        centre = bench.add_centre()
        bench.write_gateways(window=WINDOW, per_second=10_000, answer_timeout_s=30)
        daemon = bench.start()
        bench.wait_bound()
        started, cpu = time.monotonic_ns(), _cpu_ms(daemon.process.pid)
        asyncio.run(_ask(bench, [_phone(number) for number in range(count)]))
        _wait_taken(centre, count)
        return _judge("Repli, with ledger", centre, count, started, _cpu_ms(daemon.process.pid) - cpu)


def npm_client(count: int) -> Run:
    """npm's client with the same window, nothing on disk."""
    with box() as bench:
        centre = bench.add_centre()
        argv = ["node", str(PEER), str(centre.port), str(count), str(WINDOW)]
        started = time.monotonic_ns()
        environment = {**os.environ, "NODE_PATH": str(modules())}
        with subprocess.Popen(argv, env=environment) as peer:
            _wait_taken(centre, count)
            cpu = _cpu_ms(peer.pid)
            peer.terminate()
        return _judge("npm client, no ledger", centre, count, started, cpu)


def urgent_behind_many() -> float:
    """Seconds from the request until the centre has an urgent message, while thousands wait."""
    with box() as bench:
        centre = bench.add_centre()
        bench.write_gateways(window=WINDOW, per_second=SLOW_ACCOUNT)
        bench.start()
        bench.wait_bound()
        asyncio.run(_ask(bench, [_phone(number) for number in range(WAITING)]))
        started = time.monotonic_ns()
        asyncio.run(_ask(bench, ["+33699999999"], SmsSeverity.URGENT))
        bench.wait(lambda: any(part.destination == "33699999999" for part in centre.accepted()))
        (found,) = (part for part in centre.accepted() if part.destination == "33699999999")
        waiting = WAITING + 1 - len(centre.accepted())
        if waiting < WAITING // 2:
            raise RuntimeError(f"only {waiting} messages were still waiting: the figure says nothing")
        return (found.ns - started) / 1e9


async def _ask(bench: GatewayBench, phones: list[str], severity: SmsSeverity = SmsSeverity.ROUTINE) -> None:
    """Send to all, over several connections at a time."""

    async def some(phones: list[str]) -> None:
        async with Client(MODEM, bench.root.paths.socket("modem")) as client:
            for phone in phones:
                params = SendParams(number=phone, text=f"Crue {phone}", request_id=phone, severity=severity)
                await client.call(SEND, params)

    await asyncio.gather(*(some(phones[sender::SENDERS]) for sender in range(SENDERS)))


def _wait_taken(centre: Centre, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while sum(event["event"] == "receipt_taken" for event in centre.events()) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} receipts did not come in {PATIENCE_S} s")
        time.sleep(0.5)


def _judge(name: str, centre: Centre, count: int, started: int, cpu_ms: float) -> Run:
    accepted = centre.accepted()
    taken = [event["ns"] for event in centre.events() if event["event"] == "receipt_taken"]
    return Run(
        name=name,
        messages=count,
        seconds=(max(taken) - started) / 1e9,
        taken=len(taken),
        lost=count - len({part.destination for part in accepted}),
        doubled=sum(doubled(accepted).values()),
        cpu_ms=cpu_ms / count,
    )


def _phone(number: int) -> str:
    return f"+336{number:08d}"


def _cpu_ms(pid: int) -> float:
    """User and system time so far (proc(5): fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@contextmanager
def box() -> Iterator[GatewayBench]:
    """An appliance's root on a disk: a ledger on a tmpfs would cost nothing."""
    folder = Path(tempfile.mkdtemp(prefix="g-", dir="/var/tmp"))
    bench = GatewayBench(LocalRoot(folder))
    try:
        yield bench
    finally:
        bench.stop()
        bench.root.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
