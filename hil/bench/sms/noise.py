"""Lines nobody asked for at every legal place, answers in pieces, echo: nothing lost, doubled or malformed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hil.bench.sms.count import count
from hil.bench.sms.rig import rig
from hil.bench.sms.senders import Sender

LATENCY_S = 0.1
NOISE = {"noise": 0.3, "pieces": 3}
KINDS = {"plain": (), "echo": ("--keeps-echo",)}
PATIENCE_S = 120.0
Figures = dict[str, list[float]]


def noise(kind: Callable[[Path], Sender], echo: str, messages: int, seed: int) -> Figures:
    """Singles and long messages through a line that is never quiet."""
    options = ["--report-after", "0.5", "--seed", str(seed), *KINDS[echo]]
    with rig(kind, latency_s=LATENCY_S, options=options, armed=NOISE) as trial:
        for _ in range(messages // 5):
            trial.ask(4)
            trial.ask(1, parts=3)
        trial.wait(lambda: not trial.sender.pending(), PATIENCE_S)
        counted = count(trial.asked, trial.log())
        malformed = sum(len(modem.malformed()) for modem in trial.modems)
    return {
        f"noise-{echo}/lost": [len(counted.lost | counted.mangled)],
        f"noise-{echo}/twice": [counted.doubled],
        f"noise-{echo}/malformed": [malformed],
    }
