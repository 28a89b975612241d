"""How soon the next part goes after a fault, with the settings of the box."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from pathlib import Path

from hil.bench.sms.rig import Rig, rig
from hil.bench.sms.senders import Repli, Sender

LATENCY_S = 0.3
Figures = dict[str, list[float]]
Measure = Callable[[Rig[Sender], float], float]
GONE_S = 2.0


def _lost_answer(trial: Rig[Sender], patience_s: float) -> float:
    """From the accept whose answer is lost to the next accept."""
    trial.modem.arm(lost_answer=1)
    struck, *others = trial.ask(3)
    trial.wait(lambda: trial.accepted(others), patience_s)
    numbers = {message.number for message in others}
    lines = trial.log()
    at = next((line.monotonic_ns for line in lines if line.destination == struck.number), None)
    after = [line.monotonic_ns for line in lines if line.destination in numbers]
    return inf if at is None or not after else (min(after) - at) / 1e9


def _lost_prompt(trial: Rig[Sender], patience_s: float) -> float:
    """From the request whose prompt is lost to the next accept."""
    trial.modem.arm(lost_prompt=1)
    began = time.monotonic_ns()
    wanted = trial.ask(3)
    trial.wait(lambda: bool(trial.lines(wanted)), patience_s)
    lines = trial.lines(wanted)
    return (lines[0].monotonic_ns - began) / 1e9 if lines else inf


def _renamed(trial: Rig[Sender], patience_s: float) -> float:
    """From the device being back under another name to the next accept."""
    before = trial.ask(1)
    trial.wait(lambda: trial.accepted(before), patience_s)
    trial.modem.inject("unplug")
    time.sleep(GONE_S)
    wanted = trial.ask(2)
    trial.modem.inject("plug")
    back = time.monotonic_ns()
    trial.wait(lambda: bool(trial.lines(wanted)), patience_s)
    lines = trial.lines(wanted)
    return (lines[0].monotonic_ns - back) / 1e9 if lines else inf


FAULTS: dict[str, Measure] = {"lost-answer": _lost_answer, "lost-prompt": _lost_prompt, "renamed": _renamed}
HANGS = {"hang_accepted": "hang in a submit", "hang": "hang while idle"}  # fault of the virtual modem -> what it is


def recovery(kind: Callable[[Path], Sender], fault: str, times: int, patience_s: float) -> Figures:
    """So many faults of a kind, each when the one before is over; inf: not within the patience."""
    with rig(kind, latency_s=LATENCY_S, options=["--report-after", "0.5"]) as trial:
        figures = []
        for _ in range(times):
            figures.append(FAULTS[fault](trial, patience_s))
            if figures[-1] == inf:
                break
            trial.wait(lambda: not trial.sender.pending(), patience_s)
        return {f"recovery/{fault}": figures}


def hang(fault: str, patience_s: float) -> Figures:
    """From a hang until panel is asked to take the modem's power away, with messages waiting.

    fault: hang_accepted, in the middle of a submit, from its accept; hang, of an idle modem, from the next request.
    """
    with rig(Repli, latency_s=LATENCY_S, options=["--report-after", "0.5"]) as trial:
        trial.modem.arm(**{fault: 1})
        began = time.monotonic_ns()
        wanted = trial.ask(3)
        if fault == "hang_accepted":
            trial.wait(lambda: bool(trial.lines(wanted)), patience_s)
            began = trial.lines(wanted)[0].monotonic_ns
        trial.wait(lambda: bool(trial.sender.asked_panel_ns()), patience_s)
        asked = trial.sender.asked_panel_ns()
        # It is no recovery if nothing goes afterwards.
        recovered = trial.wait(lambda: trial.accepted(wanted), patience_s)
        return {"recovery/hang": [(asked[0] - began) / 1e9 if asked and recovered else inf]}
