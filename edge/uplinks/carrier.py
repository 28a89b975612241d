"""Asks for the carrier of the links often: the kernel tells of a lost one by itself up to a second late.

It gathers such messages over all interfaces and lets them out once a second (net/core/link_watch.c); asking is answered
from the device, at once.
"""

from __future__ import annotations

import array
import asyncio
import errno
import fcntl
import logging
import os
import socket
import struct
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

ASK_SECONDS = 0.1
_SIOCETHTOOL, _ETHTOOL_GLINK = 0x8946, 0x0A  # linux/sockios.h, linux/ethtool.h
_REQUEST = struct.Struct("16sP16x")  # struct ifreq: name, pointer to the ethtool_value

Lost = Callable[[str], None]  # interface


class CarrierWatch:
    """Looks at the interfaces that it is given, one after the other, several times a second."""

    def __init__(self, interfaces: Callable[[], Iterable[str]], lost: Lost) -> None:
        self._interfaces = interfaces
        self._lost = lost
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._thread = ThreadPoolExecutor(1, "carrier")  # one: each costs memory
        self._had: dict[str, bool] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            # In a thread: the kernel's lock of all interfaces may be held while a modem is plugged in.
            names = list(self._interfaces())
            self._compare(await asyncio.get_running_loop().run_in_executor(self._thread, self._ask_all, names))
            await asyncio.sleep(ASK_SECONDS)

    def look(self) -> None:
        """Tell of every interface that has lost its carrier since the look before."""
        self._compare(self._ask_all(self._interfaces()))

    def _ask_all(self, names: Iterable[str]) -> dict[str, bool]:
        return {name: carrier for name in names if (carrier := self._ask(name)) is not None}

    def _compare(self, now: dict[str, bool]) -> None:
        before, self._had = self._had, now
        for name, carrier in now.items():
            if before.get(name) and not carrier:
                self._lost(name)

    def close(self) -> None:
        """Close the socket."""
        self._thread.shutdown()
        self._socket.close()

    def _ask(self, name: str) -> bool | None:
        """Whether it has carrier; None when the device cannot say (no such device, none that has a cable)."""
        value = array.array("I", [_ETHTOOL_GLINK, 0])
        request = _REQUEST.pack(os.fsencode(name), value.buffer_info()[0])
        try:
            fcntl.ioctl(self._socket, _SIOCETHTOOL, request)
        except OSError as error:
            if error.errno not in (errno.ENODEV, errno.EOPNOTSUPP):
                log.debug("carrier of %s: %s", name, error.strerror)
            return None
        return bool(value[1])
