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


class Port:
    """One pty, from plugging in to pulling out. The link at `path` leads to its slave."""

    def __init__(self, path: Path, feed: Callable[[bytes], None]) -> None:
        self._path = path
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._master, slave = os.openpty()
        self._waiting: asyncio.TimerHandle | None = None
        self._reading = False
        self._gone = False
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

    def send(self, octets: bytes) -> None:
        """Say something; lost when nobody has the port open or does not read."""
        if self._gone or not self._reading:
            return
        with contextlib.suppress(OSError):
            os.write(self._master, octets)

    def close(self) -> None:
        """Pull it out: whoever has it open sees it vanish, and the link leads nowhere."""
        if self._gone:
            return
        self._gone = True
        if self._waiting is not None:
            self._waiting.cancel()
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
            self._loop.remove_reader(self._master)
