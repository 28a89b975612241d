"""The listening socket: handed over by systemd or `repli run`, else bound here."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from edge.shared.model import WebSection

FIRST_FD = 3  # sd_listen_fds(3), SD_LISTEN_FDS_START
BACKLOG = 128

REASONS = {
    errno.EADDRINUSE: "in_use",
    errno.EADDRNOTAVAIL: "no_such_address",
    errno.EACCES: "not_allowed",
}


class CannotListen(Exception):
    """The address cannot be had now; reason is in_use, no_such_address, not_allowed, or the kernel's words."""

    def __init__(self, place: Place, error: OSError) -> None:
        self.reason = REASONS.get(error.errno or 0, error.strerror or str(error))
        super().__init__(f"{place}: {self.reason}")


@dataclass(frozen=True)
class Place:
    """An address and a port."""

    address: IPv4Address
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"

    @classmethod
    def of(cls, section: WebSection) -> Place:
        """Where the settings want the pages."""
        return cls(section.address, section.port)


def inherited_socket(environment: Mapping[str, str]) -> socket.socket | None:
    """The socket passed to this very process, or None (sd_listen_fds(3): the variables may be meant for a parent)."""
    if environment.get("LISTEN_PID") != str(os.getpid()) or int(environment.get("LISTEN_FDS") or 0) < 1:
        return None
    passed = socket.socket(fileno=FIRST_FD)
    passed.set_inheritable(False)
    return passed


def bind(place: Place) -> socket.socket:
    """Listen there. Raises CannotListen."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(place.address), place.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(place, error) from error
    return listener
