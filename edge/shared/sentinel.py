"""Beside a program that a launcher became: says READY=1 once it answers, and ends it when its settings changed.

Small, for it stays: it imports nothing but a few modules of Python's own. python -m edge.shared.sentinel PROGRAM PORT
QUESTION FILE COMMAND...: pid, UDP port on loopback, datagram in hexadecimal, file to watch, and the command whose exit
code 3 says that the program must start anew.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from edge.shared.notify import notify

LOOK_SECONDS = 2.0  # between two looks at the file
ASK_SECONDS = 0.05
CHANGED = 3


def main(arguments: Sequence[str]) -> None:
    """Run until the program has ended."""
    program, port, question, watched, *check = arguments
    try:
        pidfd = os.pidfd_open(int(program))
    except ProcessLookupError:
        return
    before: tuple[int, int] | None = (
        None  # looked at once in any case: it may have changed since the program's launcher read it
    )
    _wait_for_answer(pidfd, int(port), bytes.fromhex(question))
    notify(f"READY=1\nMAINPID={program}")
    while not _ended(pidfd, LOOK_SECONDS):
        now = _stamp(watched)
        if now == before:
            continue
        before = now
        if subprocess.run(check, check=False).returncode == CHANGED:
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)


def _wait_for_answer(pidfd: int, port: int, question: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(ASK_SECONDS)
        sock.connect(("127.0.0.1", port))
        while not _ended(pidfd, 0.0):
            try:
                sock.send(question)
                sock.recv(4096)
            except ConnectionRefusedError:
                _ended(pidfd, ASK_SECONDS)
            except OSError:
                continue
            else:
                return


def _ended(pidfd: int, seconds: float) -> bool:
    """Wait for the program's end; False when it still runs after that long."""
    return bool(select.select([pidfd], [], [], seconds)[0])


def _stamp(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib is a megabyte more
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)


if __name__ == "__main__":
    main(sys.argv[1:])
