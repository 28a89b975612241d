"""How long flows are out, and how often they move, when the fibre fails: Repli and its peers, in the same run.

Each trial has a town of its own (ADR 0073). The far end measures: 50 packets/s through the router's translation, and a
new flow each 20 ms. Exit 0 when Repli keeps what issue 3 demands, 1 when it misses some, 2 when a peer was not measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait

from hil.bench import options
from hil.bench.network_manager import NetworkManager
from hil.bench.peers import Keepalived, Peer, PingScript, Repli
from hil.bench.uplinks.figures import FAULTS, LEAST_REPEATS, REPLI
from hil.bench.uplinks.outcome import Outcome
from hil.bench.uplinks.report import document, missed, shown, table
from hil.bench.uplinks.trial import run_trial

PEERS: dict[str, Peer] = {
    "repli": Repli(),
    "keepalived": Keepalived(),
    "networkmanager": NetworkManager(),
    "script": PingScript(),
}
PROGRAMS = {"keepalived": "keepalived", "networkmanager": "NetworkManager"}
# A minute each, and counted, not timed: all peers at once, half as often.
TOGETHER = ("fibre-flap-carrier", "fibre-flap-blackhole")

Measured = dict[str, dict[str, list[Outcome]]]


def main() -> int:
    """Measure, print, judge."""
    arguments = _arguments()
    if os.geteuid() != 0:
        print("bench-uplinks must run as root: it builds network namespaces", file=sys.stderr)
        return 2
    keys = [key for key in arguments.peers if _installed(key)]
    print(f"seed {arguments.seed}, {arguments.repeats} repeats, {', '.join(PEERS[key].name for key in keys)}")
    measured = measure(keys, arguments.faults, arguments.repeats, arguments.seed)
    print(f"\n{table(measured)}\n")
    options.write_json(arguments.json, document(measured, arguments.seed))
    for demand in missed(measured):
        print(f"MISSED  {demand}")
    if arguments.repeats < LEAST_REPEATS:
        print(f"fewer repeats than the {LEAST_REPEATS} of which the issue wants the median")
    if missed(measured):
        return 1
    wanted = {fault: _trials_of(fault, arguments.repeats) for fault in arguments.faults}
    complete = all(len(trials) == wanted[fault] for faults in measured.values() for fault, trials in faults.items())
    return 0 if REPLI in measured and complete else 2


def measure(keys: list[str], faults: Iterable[str], repeats: int, seed: int) -> Measured:
    """Every fault, every repeat, every peer, in this order from the outside in, so that a busy machine is so for all."""
    faults = tuple(faults)
    measured: Measured = {PEERS[key].name: {fault: [] for fault in faults} for key in keys}
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")  # a process for each town: network namespaces are entered by thread
    with ProcessPoolExecutor(max(1, len(keys)), mp_context=context) as pool:
        for fault in faults:
            for repeat in range(1, _trials_of(fault, repeats) + 1):
                # The same seed, so the same instant, for every peer.
                for key, trial in _run(pool, keys, fault, f"{seed} {fault} {repeat}"):
                    if trial.exception() is None:  # a trial that did not come about is told, and is no figure
                        measured[PEERS[key].name][fault].append(trial.result())
                    title = f"[{time.monotonic() - began:5.0f} s] {fault} #{repeat} {PEERS[key].name}"
                    print(f"{title}: {_said(trial)}", flush=True)
    return measured


def _trials_of(fault: str, repeats: int) -> int:
    return (repeats + 1) // 2 if fault in TOGETHER else repeats


def _run(
    pool: ProcessPoolExecutor, keys: Iterable[str], fault: str, seed: str
) -> Iterator[tuple[str, Future[Outcome]]]:
    """One trial of each peer: counted ones all at once, timed ones each when the one before is done."""

    def submit(key: str) -> Future[Outcome]:
        return pool.submit(run_trial, PEERS[key], f"bench-{key}"[:16], fault, seed)

    started = [(key, submit(key)) for key in keys] if fault in TOGETHER else ((key, submit(key)) for key in keys)
    for key, trial in started:
        wait([trial])
        yield key, trial


def _said(trial: Future[Outcome]) -> str:
    if (error := trial.exception()) is not None:
        return f"not measured: {type(error).__name__}: {error}"
    outcome = trial.result()
    out = f"out {shown(outcome.established_out_s)} / {shown(outcome.new_out_s)} s"
    moved = f"moved {outcome.established_moves} / {outcome.new_moves} times"
    after = f"first after {shown(outcome.established_moved_s)} / {shown(outcome.new_moved_s)} s"
    return f"established / new flows {out}, {moved}, {after}"


def _installed(key: str) -> bool:
    program = PROGRAMS.get(key)
    if program is None or shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return True
    print(f"{PEERS[key].name} is not installed: measured without it")
    return False


def _arguments() -> argparse.Namespace:
    parser = options.parser("bench-uplinks", __doc__, PEERS)
    options.some_of(parser, "--faults", FAULTS)
    parser.add_argument(
        "--repeats", type=options.positive, default=LEAST_REPEATS, help="trials of each; flapping: half of it"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
