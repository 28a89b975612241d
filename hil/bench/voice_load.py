"""How much telephony the box bears: calls, registrations and a push of settings, beside a relay that only relays.

All on this machine's loopback: sipp is the phones and the far end, Kamailio runs under its launcher with voice and
settings beside it, and the relay is hil/bench/relay.cfg. CPU is compared in turns of the same run, so that what else
the machine does hits both alike: the time of all processes of one Kamailio, over the calls it carried meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from edge.shared.messages.settings import SETTINGS, WATCH, WatchParams
from edge.shared.varlink import Client
from hil.bench import sipp_run
from hil.bench.sipp_run import Load, Outcome
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.processes import Process
from hil.rig.virtual.sip.loopback import DOMAIN, NETWORKS, PROCESS_OCTET, Telephony
from hil.rig.virtual.sip.place import LoopbackPlace
from hil.rig.virtual.waiting import wait_for

RATIO, REGISTERS, CALLS, PUSH_S = 1.5, 600, 300, 0.5  # the promises
OFFERED = 1.1  # times the promise: a rate that is only just kept up with is not kept
CALLER_PORT = 5070  # where phones are called, others answer
TURNS = 6
TURN_S, LONG_S = 3, 10  # seconds
NUMBERS = [str(number) for number in range(200, 400)]
# The relay as Kamailio comes, and with the memory manager Repli starts its own with, so that one is not taken for the other.
NAMES = REPLI, BARE, TUNED = "Repli", "bare relay", "relay, fm"
RELAY_CFG = Path(__file__).with_name("relay.cfg")
_GROUP = 2  # field of /proc/PID/stat after the command's closing parenthesis, from 0 (proc(5): state is the first)


@dataclass
class LoadFigures:
    """What was measured."""

    cpu_ms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    turns: dict[str, list[Outcome]] = field(default_factory=lambda: {name: [] for name in NAMES})
    registers: Outcome | None = None
    local_calls: Outcome | None = None
    push_s: float | None = None
    far_end_failed: int = 0

    @property
    def ratio(self) -> float:
        """How many times the relay's CPU a call costs: the median of the turns."""
        return self.against(BARE)

    def against(self, relay: str) -> float:
        """How many times a relay's CPU."""
        turns = zip(self.cpu_ms[REPLI], self.cpu_ms[relay], strict=True)
        return float(median(ours / theirs for ours, theirs in turns))

    @property
    def cloud_calls(self) -> float:
        """Calls a second through the cloud PBX, over all turns."""
        turns = self.turns[REPLI]
        return sum(turn.good for turn in turns) / sum(turn.seconds for turn in turns)

    @property
    def failures(self) -> int:
        """Everything of ours that did not go as it should."""
        ours = [*self.turns[REPLI], *(one for one in (self.registers, self.local_calls) if one)]
        return self.far_end_failed + sum(one.asked - one.good for one in ours)

    def kept(self) -> dict[str, bool]:
        """Promise by promise."""
        registers, local = self.registers, self.local_calls
        return {
            "cpu": self.ratio <= RATIO,
            "registers": registers is not None and registers.per_second >= REGISTERS,
            "cloud_calls": self.cloud_calls >= CALLS,
            "local_calls": local is not None and local.per_second >= CALLS,
            "push": self.push_s is not None and self.push_s <= PUSH_S,
            "failures": self.failures == 0,
        }


def measure() -> LoadFigures:
    """All of it, some two minutes."""
    figures = LoadFigures()
    with telephony() as box:
        calls_through_the_cloud(box, figures)
    with telephony() as box:
        alone(box, figures)
    return figures


@contextmanager
def telephony() -> Iterator[Telephony]:
    """A box on a loopback network of its own."""
    folder = Path(tempfile.mkdtemp(prefix="v-", dir="/dev/shm"))  # a tmpfs, as the box's run folder is
    (folder / "peers").mkdir()
    net = f"127.{PROCESS_OCTET}.{next(NETWORKS)}"
    box = Telephony(LocalRoot(folder / "root"), LoopbackPlace(folder / "peers"), net)
    try:
        yield box
    finally:
        box.stop()
        shutil.rmtree(folder, ignore_errors=True)


def calls_through_the_cloud(box: Telephony, figures: LoadFigures) -> None:
    """Turn about: the same calls to the same far end, by Repli and by the relay."""
    far = far_end(box, box.cloud)
    bare, tuned = bare_relay(box, 2), bare_relay(box, 3, "-x", "fm", "-X", "fm")
    document = site(box, f'cloud = {{ address = "{box.cloud}" }}')
    box.root.write_site(document)
    box.root.start("settings")
    kamailio = box.root.start("kamailio").process.pid
    box.root.start("voice")
    register_all(box)
    by = {REPLI: (1, kamailio), BARE: (2, bare.pid), TUNED: (3, tuned.pid)}
    for turn in range(TURNS + 1):
        for name, (host, group) in by.items():
            before = cpu_s(group)
            outcome = sipp_run.run(box.place, calls(box, "call", host, TURN_S), "calls")
            cpu_ms = (cpu_s(group) - before) * 1000 / max(outcome.good, 1)
            if turn == 0:
                continue  # the first calls fill caches and memory
            figures.cpu_ms[name].append(cpu_ms)
            figures.turns[name].append(outcome)
            print(f"  turn {turn}, {name:<12} {said(outcome)}, {cpu_ms:.3f} ms of CPU per call", flush=True)
    figures.push_s = asyncio.run(push(box, document))
    print(f"  push of {len(NUMBERS)} extensions: {figures.push_s * 1000:.0f} ms", flush=True)
    figures.far_end_failed += failed_at(box, far)


def alone(box: Telephony, figures: LoadFigures) -> None:
    """Without a cloud PBX: registrations with proof, and calls with proof from extension to extension."""
    box.start(site(box, "# no cloud"))
    count = round(REGISTERS * OFFERED) * LONG_S
    load = Load("proved_register", box.box, people(box), count // LONG_S, count, DOMAIN)
    figures.registers = sipp_run.run(box.place, load, "registers")
    print(f"  registrations with proof: {said(figures.registers)}", flush=True)
    wait_for(lambda: len(box.json("voice", "phones")["phones"]) == len(NUMBERS), "every extension registered", 5)
    far = far_end(box, None)
    figures.local_calls = sipp_run.run(box.place, calls(box, "proved_call", 1, LONG_S), "calls")
    print(f"  calls with proof, box alone: {said(figures.local_calls)}", flush=True)
    figures.far_end_failed += failed_at(box, far)


def site(box: Telephony, cloud: str) -> str:
    """Two hundred extensions. Bindings of the box alone last as long as the hold-down: a minute at most."""
    document = box.site(cloud=cloud, extensions={number: f"secret-{number}" for number in NUMBERS})
    return document.replace("hold_down_s = 2", "hold_down_s = 60")


def people(box: Telephony) -> list[str]:
    """Who calls, whom, sipp's word for the proof, and the address of the phone."""
    first, second, third, _ = box.box[0].split(".")
    called = NUMBERS[1:] + NUMBERS[:1]
    return [
        f"{caller};{callee};[authentication username={caller} password=secret-{caller}];"
        f"{first}.{second}.{128 + int(third)}.{at}"
        for at, (caller, callee) in enumerate(zip(NUMBERS, called, strict=True), start=1)
    ]


def calls(box: Telephony, scenario: str, host: int, seconds: int) -> Load:
    """So many seconds of calls to a proxy, a little more of them than is promised."""
    offered = round(CALLS * OFFERED)
    return Load(scenario, (f"{box.net}.{host}", 5060), people(box), offered, offered * seconds, DOMAIN, CALLER_PORT)


def register_all(box: Telephony) -> None:
    """Every extension at the cloud PBX, through the box."""
    load = Load("register", box.box, people(box), 100, len(NUMBERS), DOMAIN)
    outcome = sipp_run.run(box.place, load, "register")
    if outcome.good != outcome.asked:
        raise RuntimeError(f"registrations through the box: {outcome}")


def far_end(box: Telephony, address: str | None) -> Process:
    """Who answers every call: a PBX at its address, else the phones at theirs."""
    scenario = sipp_run.SCENARIOS / "far_end.xml"
    stats = box.place.folder / "far-stats.csv"
    where = ["-i", address, "-p", "5060"] if address else phones_at(box)
    argv = ["sipp", "-sf", str(scenario), *where, "-nostdin", "-l", "5000"]
    process = box.place.spawn([*argv, "-trace_stat", "-stf", str(stats), "-fd", "3600"], "far.log")
    table = Path(f"/proc/{process.pid}/net/udp")
    last = address or people(box)[-1].rpartition(";")[2]
    wanted = f"{int.from_bytes(socket.inet_aton(last), 'little'):08X}:{5060:04X}"
    wait_for(lambda: wanted in table.read_text(encoding="ascii"), "the far end listening", 10)
    return process


def phones_at(box: Telephony) -> list[str]:
    """sipp's options to answer at the address of every phone."""
    file = sipp_run.write_people(box.place, people(box), "phones")
    return [*sipp_run.from_their_addresses(file), "-i", people(box)[0].rpartition(";")[2]]


def failed_at(box: Telephony, far: Process) -> int:
    """What failed by the far end's own count."""
    os.kill(far.pid, signal.SIGUSR1)  # sipp: end when nothing is left to do, and write the statistics
    sipp_run.wait(far, 60)
    return sipp_run.read(box.place.folder / "far-stats.csv", 0).failed.get("FailedCall", 0)


def bare_relay(box: Telephony, host: int, *options: str) -> Process:
    """A relay in front of the same far end."""
    folder = box.place.folder / f"relay-{host}"
    folder.mkdir()
    argv = ["kamailio", "-DD", "-E", "-m", "128", "-M", "4", "-Y", str(folder), "-l", f"udp:{box.net}.{host}:5060"]
    return box.place.spawn([*argv, *options, "-A", f'PBX="{box.cloud}"', "-f", str(RELAY_CFG)], f"relay-{host}.log")


def cpu_s(group: int) -> float:
    """Seconds of CPU that all processes of a group have had (proc(5), schedstat: nanoseconds)."""
    spent = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            if int(stat.rpartition(")")[2].split()[_GROUP]) == group:
                spent += int((entry / "schedstat").read_text(encoding="ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return spent / 1e9


async def push(box: Telephony, document: str) -> float:
    """Seconds from the moment settings announces two hundred other secrets until Kamailio goes by them."""
    old = version(box)
    async with Client(SETTINGS, box.root.paths.socket("settings")) as client:
        announced = client.watch(WATCH, WatchParams(section="voice"))
        await anext(announced)
        box.root.write_site(document.replace('"secret-', '"other-'))
        await anext(announced)
        begun = time.monotonic()
        while version(box) == old:
            if time.monotonic() - begun > 10:
                raise RuntimeError("the push did not arrive within 10 s")
            await asyncio.sleep(0.002)
        return time.monotonic() - begun


def version(box: Telephony) -> str:
    """Of the tables in force, asked of Kamailio itself."""
    own = box.root.paths.kamailio_run / f"bench-{os.getpid()}"
    request = {"jsonrpc": "2.0", "id": 1, "method": "htable.get", "params": ["run", "version"]}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(own))
        sock.settimeout(5)
        try:
            sock.sendto(json.dumps(request).encode(), str(box.root.paths.kamailio_run / "rpc"))
            return str(json.loads(sock.recv(65536))["result"]["item"]["value"])
        finally:
            own.unlink()


def said(outcome: Outcome) -> str:
    """One run of sipp in words."""
    causes = ", ".join(f"{name} {count}" for name, count in outcome.failed.items())
    again = f", {outcome.again} sent again" if outcome.again else ""
    return f"{outcome.good}/{outcome.asked} at {outcome.per_second:.0f}/s{again}" + (f" ({causes})" if causes else "")


def print_table(figures: LoadFigures) -> None:
    """Each figure beside its promise."""
    kept = figures.kept()
    ours, bare, tuned = (median(figures.cpu_ms[name]) for name in NAMES)
    registers = figures.registers.per_second if figures.registers else 0.0
    local = figures.local_calls.per_second if figures.local_calls else 0.0
    rows = [
        ("cpu", "CPU per proxied call", f"{ours:.3f} ms, {BARE} {bare:.3f} ms: {figures.ratio:.2f}x", f"<= {RATIO}x"),
        ("cloud_calls", "calls by the cloud PBX", f"{figures.cloud_calls:.0f}/s", f">= {CALLS}/s"),
        ("local_calls", "calls with proof, box alone", f"{local:.0f}/s", f">= {CALLS}/s"),
        ("registers", "registrations with proof", f"{registers:.0f}/s", f">= {REGISTERS}/s"),
        ("push", f"push of {len(NUMBERS)} extensions", f"{(figures.push_s or 0) * 1000:.0f} ms", f"<= {PUSH_S} s"),
        ("failures", "unexpected failures", str(figures.failures), "0"),
    ]
    print(f"\n{'load':<28} {'measured':<40} {'promise':>10}")
    for key, what, measured, promise in rows:
        print(f"{what:<28} {measured:<40} {promise:>10}  {'' if kept[key] else 'MISSED'}".rstrip())
    print(f"{'beside the relay with -x fm':<28} {tuned:.3f} ms: {figures.against(TUNED):.2f}x")


def report(figures: LoadFigures) -> dict[str, object]:
    """For programs."""
    return {
        "promises": {"ratio": RATIO, "registers_per_s": REGISTERS, "calls_per_s": CALLS, "push_s": PUSH_S},
        "kept": figures.kept(),
        "ratio": figures.ratio,
        "ratio_to_relay_with_fm": figures.against(TUNED),
        "cpu_ms_per_call": figures.cpu_ms,
        "cloud_calls_per_s": figures.cloud_calls,
        "failures": figures.failures,
        **asdict(figures),
    }
