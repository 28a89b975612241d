"""The wire: a pty whose slave stands at a path, as a USB modem's AT port does."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import tty
from collections.abc import Callable
from pathlib import Path

CLOSED_POLL_S = 0.01
PIECE_GAP_S = 0.0003  # long enough for a reader to wake up between two pieces
OUTPUT_MAX = 1 << 20  # octets held for a reader that does not read


class Port:
    """One pty, from plugging in to pulling out. The link at `path` leads to its slave."""

    def __init__(
        self,
        path: Path,
        feed: Callable[[bytes], None],
        *,
        unlike: str | None = None,
        piece: Callable[[], int] = lambda: 0,
    ) -> None:
        """unlike: a device name not to have again. piece: how many octets are said at a time; 0 is all."""
        self._path = path
        self._feed = feed
        self._piece = piece
        self._loop = asyncio.get_running_loop()
        self._master, slave = _pty(unlike)
        self._waiting: asyncio.TimerHandle | None = None
        self._reading = False
        self._gone = False
        self.writes = 0
        self._output = bytearray()
        self._writing: asyncio.TimerHandle | None = None
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        Path(self.device).chmod(0o660)
        with contextlib.suppress(LookupError, PermissionError):
            shutil.chown(self.device, group="dialout")
        # With no slave open the master sees a hang-up; what the modem says then is lost, as on a real port.
        os.close(slave)
        os.set_blocking(self._master, False)
        self._point()
        self._read_or_wait()

    @property
    def opened(self) -> bool:
        """Whether somebody has it open, as far as the modem noticed."""
        return self._reading

    def send(self, octets: bytes) -> None:
        """Say something; lost when nobody has the port open, held while whoever has it does not read."""
        if self._gone or not self._reading or len(self._output) > OUTPUT_MAX:
            return
        idle = not self._output
        self._output += octets
        if idle:
            self._write()

    def _write(self) -> None:
        self._writing = None
        size = self._piece() or len(self._output)
        try:
            del self._output[: os.write(self._master, self._output[:size])]
            self.writes += 1
        except BlockingIOError:
            pass  # the reader is slow: the rest waits
        except OSError:
            self._output.clear()  # nobody has it open any more
        if self._output:
            self._writing = self._loop.call_later(PIECE_GAP_S, self._write)

    def close(self) -> None:
        """Pull it out: whoever has it open sees it vanish, and the link leads nowhere."""
        if self._gone:
            return
        self._gone = True
        for timer in (self._waiting, self._writing):
            if timer is not None:
                timer.cancel()
        self._stop_reading()
        if self._path.is_symlink() and str(self._path.readlink()) == self.device:
            self._path.unlink()
        os.close(self._master)

    def _point(self) -> None:
        fresh = self._path.with_name(f".{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.device)
        fresh.replace(self._path)

    def _read_or_wait(self) -> None:
        """Read while somebody has the port open; look now and then whether somebody opened it."""
        self._waiting = None
        try:
            octets = os.read(self._master, 4096)
        except BlockingIOError:
            octets = b""
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._stop_reading()
            self._waiting = self._loop.call_later(CLOSED_POLL_S, self._read_or_wait)
            return
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._master, self._read_or_wait)
        if octets:
            self._feed(octets)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._output.clear()
            self._loop.remove_reader(self._master)


def _pty(unlike: str | None) -> tuple[int, int]:
    master, slave = os.openpty()
    if os.ttyname(slave) != unlike:
        return master, slave
    try:
        return os.openpty()
    finally:
        os.close(master)
        os.close(slave)
