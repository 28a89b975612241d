"""A TCP relay that can go on taking what is sent and carry nothing: a connection that is open at one end only."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Relay:
    """`with Relay(port) as relay:` relays relay.port to that port of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._carries = threading.Event()
        self._carries.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def swallow(self) -> None:
        """From now on nothing comes through; connections stay open, and new ones are taken."""
        self._carries.clear()

    def carry(self) -> None:
        """Carry again. What stood open meanwhile was swallowed and stays dead, as after a router's restart."""
        for pair in self._pairs:
            _close(*pair)
        self._pairs.clear()
        self._carries.set()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self._pairs.append((near, far))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := source.recv(65_536):
                if self._carries.is_set():
                    sink.sendall(octets)
            if self._carries.is_set():
                _close(source, sink)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.close()
        for pair in self._pairs:
            _close(*pair)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
