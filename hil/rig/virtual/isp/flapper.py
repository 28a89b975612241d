"""The program of a flapping line. Arguments: the town's name, the fault, seconds of each state; runs until killed.

Prints `down NS` and `up NS` (CLOCK_MONOTONIC) after each change.
"""

from __future__ import annotations

import sys
import time
from itertools import count

from hil.rig.virtual.running import RunningTown


def flap(town: RunningTown, fault_name: str, state_s: float) -> None:
    """Change the state on a fixed schedule, however long a change takes."""
    fault = town.faults()[fault_name]
    began = time.monotonic()
    for turn in count():
        time.sleep(max(0.0, began + turn * state_s - time.monotonic()))
        deed, word = (fault.inject, "down") if turn % 2 == 0 else (fault.heal, "up")
        deed(town)
        print(word, time.monotonic_ns(), flush=True)


if __name__ == "__main__":
    flap(RunningTown.attach(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
