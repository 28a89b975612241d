"""The warden: a process of its own session that takes the town away when its owner is gone, however it went.

It holds the reading end of a pipe whose only writing end is the owner's: end of file means that the owner ended. It
also shares the town's lock, so that nobody builds a town of that name while it is still clearing up.
"""

from __future__ import annotations

import os
import signal
import sys

from hil.rig.virtual.plan import Plan
from hil.rig.virtual.raze import raze


def main() -> None:
    """Arguments: the town's name. Standard input: the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1024):
        continue
    plan = Plan(sys.argv[1])
    raze(plan)
    # Nobody but the last holder of the lock may remove its file: a new town's would go with it.
    plan.lock_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
