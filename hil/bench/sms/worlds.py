"""Worlds in which the modem, its power or the sender's process fails in the middle of a submit, again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hil.bench.sms.count import count
from hil.bench.sms.rig import Rig, dice_of, rig
from hil.bench.sms.senders import Repli, Sender

LATENCY_S, ACCEPT_AT = 0.2, 0.5  # an instant inside a submit is before it or after it, as often
# As short as the modem's times allow: the virtual network answers and reports within a second.
IMPATIENT = {"command_timeout_s": 1.0, "submit_timeout_s": 1.0, "report_window_s": 3.0, "reconnect_max_s": 1.0}
SETTLED_WITHIN_S = 60.0
OFF_S = 0.5
Figures = dict[str, list[float]]
Strike = Callable[[Rig[Repli], random.Random], None]


@dataclass(frozen=True)
class World:
    """One way to fail; strike does it once."""

    key: str
    says: str
    strike: Strike


def _kill(trial: Rig[Repli], _dice: random.Random) -> None:
    trial.sender.bench.kill()
    trial.sender.restart()


def _cut_power(trial: Rig[Repli], _dice: random.Random) -> None:
    trial.modem.inject("unplug")
    time.sleep(OFF_S)
    trial.modem.inject("plug")


def _cut_power_late(trial: Rig[Repli], dice: random.Random) -> None:
    """When the answer is given up. Panel does not do it so often: it leaves a modem minutes between two cuts."""
    time.sleep(IMPATIENT["submit_timeout_s"] + dice.uniform(0, 1.0))
    _cut_power(trial, dice)


def _inside_a_submit(strike: Strike) -> Strike:
    """At a seeded instant before, around or after the one at which the network has the part."""

    def do(trial: Rig[Repli], dice: random.Random) -> None:
        seen = len(trial.log())
        trial.ask(2)
        trial.ask(1, parts=dice.choice((1, 3)))
        trial.wait(lambda: len(trial.log()) > seen, SETTLED_WITHIN_S)
        time.sleep(dice.uniform(0, LATENCY_S))
        strike(trial, dice)

    return do


def _armed(fault: str, then: Strike | None = None) -> Strike:
    """The next part meets it, others wait behind."""

    def do(trial: Rig[Repli], dice: random.Random) -> None:
        time.sleep(LATENCY_S)  # a part that the network has is still to be answered: the fault is for the next
        trial.modem.arm(**{fault: 1})
        first = trial.ask(1, parts=dice.choice((1, 1, 3)))
        rest = trial.ask(2)
        trial.wait(lambda: trial.accepted(first), SETTLED_WITHIN_S)
        if then is not None:
            then(trial, dice)
        trial.wait(
            lambda: trial.whole([*first, *rest]), SETTLED_WITHIN_S
        )  # else the next fault strikes a part of these

    return do


WORLDS = (
    World("hang", "accepted, then the modem hangs until its power is cut", _armed("hang_accepted", _cut_power_late)),
    World("killed", "kill -9 inside a submit", _inside_a_submit(_kill)),
    World("power-cut", "the modem's power cut inside a submit", _inside_a_submit(_cut_power)),
    World("lost-answer", "accepted, the answer lost", _armed("lost_answer")),
    World("error-500", "accepted, answered +CMS ERROR: 500", _armed("error_500_accepted")),
    World("re-enumerated", "accepted, then back under another name", _armed("usb_reset_accepted")),
)


def count_repli(world: World, faults: int, seed: int, *, reports: bool) -> Figures:
    """So many faults of one world, one after another, in one life of the outbox; then what the network got."""
    options = ["--report-after", "0.5", *([] if reports else ["--no-reports"])]
    dice = dice_of(seed, world.key, reports)
    with rig(
        lambda folder: Repli(folder, IMPATIENT), latency_s=LATENCY_S, accept_at=ACCEPT_AT, options=options
    ) as trial:
        for _ in range(faults):
            world.strike(trial, dice)
        trial.wait(lambda: not trial.sender.pending(), SETTLED_WITHIN_S)
        time.sleep(LATENCY_S * 2)  # a part that is under way
        counted = count(trial.asked, trial.log())
        unmarked = counted.twice.keys() - trial.sender.maybe_dup()
    kind = "reports" if reports else "silent"
    return {
        f"{world.key}/{kind}/lost": [len(counted.lost | counted.mangled)],
        f"{world.key}/{kind}/twice": [counted.doubled],
        f"{world.key}/{kind}/beyond": [max(0, counted.doubled - faults)],
        f"{world.key}/{kind}/unmarked": [len(unmarked)],
    }


def count_peer(kind: Callable[[Path], Sender], fault: str, key: str, faults: int, patience_s: float) -> Figures:
    """The same of a peer, one message at a time; what is not sent within its patience is lost."""
    with rig(kind, latency_s=LATENCY_S, options=["--report-after", "0.5"]) as trial:
        for _ in range(faults):
            trial.modem.arm(**{fault: 1})
            wanted = trial.ask(3)
            trial.settle(wanted, patience_s)
        time.sleep(2.0)
        counted = count(trial.asked, trial.log())
    return {
        f"{key}/reports/lost": [len(counted.lost | counted.mangled)],
        f"{key}/reports/twice": [counted.doubled],
    }
