"""What is measured of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hil.bench.sms.figures import REPLI
from hil.bench.sms.noise import KINDS, noise
from hil.bench.sms.recovery import FAULTS, HANGS, hang, recovery
from hil.bench.sms.senders import Gammu, Repli, Sender, Smstools
from hil.bench.sms.use import LATENCIES, speed_up, urgency, use_of
from hil.bench.sms.worlds import WORLDS, count_peer, count_repli

SENDERS: dict[str, Callable[[Path], Sender]] = {"repli": Repli, "gammu": Gammu, "smstools": Smstools}
NAMES = {"repli": REPLI, "gammu": Gammu.name, "smstools": Smstools.name}
# What peers meet too: of the rest they know nothing to be measured by.
PEER_FAULTS = {"lost-answer": "lost_answer", "error-500": "error_500_accepted"}
PEER_FAULT_TIMES, PEER_PATIENCE_S = 2, 150.0
REPLI_RECOVERIES, REPLI_PATIENCE_S = 3, 90.0
URGENT, NOISY = 5, 50  # messages

Figures = dict[str, list[float]]


@dataclass(frozen=True)
class Trial:
    """One thing to measure of one sender."""

    part: str
    sender: str
    says: str
    run: Callable[[], Figures]
    timed: bool = False


def trials_of(keys: Iterable[str], *, faults: int, repeats: int, seed: int) -> list[Trial]:
    """All of these senders; repeats of what is timed beside the others, the senders one after another in each."""
    keys = tuple(keys)
    trials = [
        Trial("use", NAMES[key], f"{latency} a part", partial(use_of, SENDERS[key], latency, at), timed=True)
        for at in range(seed, seed + repeats)
        for latency in LATENCIES
        for key in keys
    ]
    for key in sorted(keys, key=lambda key: key == "repli"):  # peers keep one waiting: they begin first
        trials += _repli(faults, seed) if key == "repli" else _peer(key)
        trials += [
            Trial("noise", NAMES[key], f"noise, {echo}", partial(noise, SENDERS[key], echo, NOISY, seed))
            for echo in KINDS
        ]
    return trials


def _repli(faults: int, seed: int) -> list[Trial]:
    return [
        Trial("priority", REPLI, "two modems", partial(speed_up, Repli), timed=True),
        Trial("priority", REPLI, "urgent among routine", partial(urgency, Repli, seed, URGENT), timed=True),
        *(_recovery("repli", fault, REPLI_RECOVERIES, REPLI_PATIENCE_S) for fault in FAULTS),
        *(Trial("recovery", REPLI, says, partial(hang, fault, REPLI_PATIENCE_S)) for fault, says in HANGS.items()),
        *(
            Trial(
                "faults",
                REPLI,
                f"{world.says}, {'' if reports else 'no '}reports",
                partial(count_repli, world, faults, seed, reports=reports),
            )
            for world in WORLDS
            for reports in (True, False)
        ),
    ]


def _peer(key: str) -> list[Trial]:
    return [
        *(_recovery(key, fault, 1, PEER_PATIENCE_S) for fault in FAULTS),
        *(
            Trial(
                "faults",
                NAMES[key],
                world,
                partial(count_peer, SENDERS[key], fault, world, PEER_FAULT_TIMES, PEER_PATIENCE_S),
            )
            for world, fault in PEER_FAULTS.items()
        ),
    ]


def _recovery(key: str, fault: str, times: int, patience_s: float) -> Trial:
    return Trial("recovery", NAMES[key], fault, partial(recovery, SENDERS[key], fault, times, patience_s))
