"""What Kamailio logs, masked: it knows no such thing, and its parser repeats whole headers of whoever sends broken ones."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("log.sed")
COMMAND = ("sed", "-u", "-E", "-f", str(SCRIPT))  # line by line, and a tenth of the memory that Python would take


def mask_standard_error() -> None:
    """Let what this process, and the program it becomes, write to standard error pass through log.sed. Raises OSError.

    The filter ends with its last writer, not by the signal that ends them: their last words say why. It must not be a child
    of Kamailio, which takes the end of any child for a crash of its own: hence the double fork.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            _become_filter(read)
        os._exit(0)
    os.waitpid(child, 0)
    os.dup2(write, sys.stderr.fileno())
    os.close(read)
    os.close(write)


def _become_filter(source: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        os.dup2(source, 0)
        os.dup2(2, 1)
        os.execvpe(COMMAND[0], COMMAND, {**os.environ, "LC_ALL": "C"})  # noqa: S606 - bytes: a sender may send any
    except OSError as error:
        os.write(2, f"kamailio: {COMMAND[0]}: {error}: nothing it says is kept\n".encode())
        os._exit(1)
