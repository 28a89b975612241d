"""Opening the AT port: whatever path the settings name, one opener, and no trust in DTR, RTS, udev or sysfs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import termios
from pathlib import Path

import serial

from edge.modem.port import strangers

log = logging.getLogger(__name__)

# Unix98 pty slaves (Linux admin-guide/devices.txt).
PTY_MAJORS = range(136, 144)


class DeviceMissing(Exception):
    """Nothing at this path, or it vanished while it was being opened."""


class DeviceRefused(Exception):
    """There, but not ours to open: permission, or not a serial port."""


class DeviceBusy(Exception):
    """Another process holds it."""

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(f"{path} is held by {holder}")
        self.holder = holder


class Device:
    """An AT port opened for this process alone, non-blocking."""

    def __init__(self, path: str, baud: int) -> None:
        """Open it. Raises DeviceMissing, DeviceRefused, DeviceBusy."""
        self.path = path
        # The lock comes first: opening with pyserial already flushes and reconfigures the port of whoever has it.
        self._lock = _lock(path)
        try:
            self._serial = _open(path, baud)
        except BaseException:
            os.close(self._lock)
            raise
        self.descriptor: int = self._serial.fileno()
        self._opened = os.fstat(self.descriptor)
        _exclude_others(self.descriptor, self._opened)

    def still_there(self) -> bool:
        """Whether the path still leads to the device that is open: a symlink may be re-pointed at any time."""
        try:
            found = Path(self.path).stat()
        except OSError:
            return False
        return (found.st_rdev, found.st_ino, found.st_dev) == (
            self._opened.st_rdev,
            self._opened.st_ino,
            self._opened.st_dev,
        )

    def close(self) -> None:
        """Close it; harmless when the device is gone."""
        with contextlib.suppress(OSError, termios.error):
            self._serial.close()
        with contextlib.suppress(OSError):
            os.close(self._lock)


def _lock(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise DeviceBusy(path, strangers.holder(path)) from error
    return descriptor


def _refusal(path: str, error: OSError) -> DeviceMissing | DeviceBusy | DeviceRefused:
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return DeviceBusy(path, strangers.holder(path))
    reason = f"{path}: {os.strerror(error.errno or 0)}"
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO, errno.ENOTDIR):
        return DeviceMissing(reason)
    return DeviceRefused(reason)


def _open(path: str, baud: int) -> serial.Serial:
    try:
        return _open_port(path, baud, leave_control_lines=False)
    except (OSError, termios.error) as error:
        if not Path(path).exists():
            raise DeviceMissing(f"{path}: vanished while it was being opened") from error
        log.debug("%s: %s; trying without DTR and RTS", path, error)
    try:
        return _open_port(path, baud, leave_control_lines=True)
    except (OSError, termios.error) as error:
        raise DeviceRefused(f"{path}: {error}") from error


def _open_port(path: str, baud: int, *, leave_control_lines: bool) -> serial.Serial:
    # pyserial sets DTR and RTS itself unless told that hardware flow control owns them; gadget ports refuse to.
    return serial.Serial(path, baud, timeout=0, write_timeout=0, dsrdtr=leave_control_lines, rtscts=leave_control_lines)


def _exclude_others(descriptor: int, opened: os.stat_result) -> None:
    # TIOCEXCL stays on a pty as long as its master lives: after a crash nobody but root could open it again.
    if os.major(opened.st_rdev) not in PTY_MAJORS:
        with contextlib.suppress(OSError):
            fcntl.ioctl(descriptor, termios.TIOCEXCL)
