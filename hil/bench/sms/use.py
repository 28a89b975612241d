"""How much of the modem's time a sender uses, how soon the first part goes, and what a second modem and urgency bring."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hil.bench.sms.count import accepted_s, use
from hil.bench.sms.rig import dice_of, rig
from hil.bench.sms.senders import Sender

LATENCIES = {"300ms": (0.3, 60), "2s": (2.0, 15)}  # seconds for a part, messages of one part
FIRSTS = 5
REST_S = 2.0  # what came before is over, reports included
REPORT_AFTER = ("--report-after", "1.0")
SLOWEST_USE = 0.15  # below this a sender is taken for one that stopped
ROUTINE = 1000
PATIENCE_S = 60.0
Figures = dict[str, list[float]]


def use_of(kind: Callable[[Path], Sender], latency: str, seed: int) -> Figures:
    """First parts of an idle sender at seeded instants, then a queue of single parts."""
    latency_s, messages = LATENCIES[latency]
    dice = dice_of(seed, latency)
    with rig(kind, latency_s=latency_s, options=REPORT_AFTER) as trial:
        firsts = []
        for _ in range(FIRSTS):
            # Between two firsts the report of the one before comes in, or does not: both happen.
            time.sleep(dice.uniform(0.5, 3.0))
            began = time.monotonic_ns()
            (wanted,) = trial.ask(1)
            trial.await_accepted([wanted], PATIENCE_S)
            first = accepted_s(wanted.number, began, trial.log())
            assert first is not None
            firsts.append(first - latency_s)
        time.sleep(REST_S)
        began = time.monotonic_ns()
        batch = trial.ask(messages)
        trial.await_accepted(batch, messages * latency_s / SLOWEST_USE)
        return {
            f"use/{latency}": [use(messages, latency_s, began, trial.lines(batch))],
            f"first/{latency}": firsts,
        }


def speed_up(kind: Callable[[Path], Sender]) -> Figures:
    """The rate of two modems over that of one."""
    latency_s, messages = LATENCIES["300ms"]
    rates = []
    for modems in (1, 2):
        with rig(kind, latency_s=latency_s, modems=modems, options=REPORT_AFTER) as trial:
            time.sleep(REST_S)
            began = time.monotonic_ns()
            batch = trial.ask(messages * modems)
            trial.await_accepted(batch, messages * latency_s / SLOWEST_USE)
            rates.append(use(len(batch), latency_s, began, trial.lines(batch)))
    return {"modems/two": [rates[1] / rates[0]]}


def urgency(kind: Callable[[Path], Sender], seed: int, times: int) -> Figures:
    """How soon an urgent message starts though many routine ones wait; in submit times."""
    latency_s, _ = LATENCIES["300ms"]
    dice = dice_of(seed, "urgency")
    waits = []
    with rig(kind, latency_s=latency_s, options=REPORT_AFTER) as trial:
        trial.ask(ROUTINE)
        for _ in range(times):
            time.sleep(dice.uniform(1.0, 2.0))
            began = time.monotonic_ns()
            (urgent,) = trial.ask(1, urgent=True)
            trial.await_accepted([urgent], PATIENCE_S)
            took = accepted_s(urgent.number, began, trial.log())
            assert took is not None
            waits.append((took - latency_s) / latency_s)
    return {"urgent/start": waits}
