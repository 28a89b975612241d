"""Where everything of one appliance lives, below REPLI_ROOT (default /)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# sockaddr_un.sun_path holds 108 bytes with its terminating NUL (unix(7)).
SOCKET_PATH_MAX = 107


class SocketPathTooLong(Exception):
    """A Unix socket below this root could not be bound: the kernel takes 107 bytes at most."""

    def __init__(self, path: Path) -> None:
        length = len(os.fsencode(path))
        super().__init__(
            f"socket path {path} is {length} bytes long, the kernel takes {SOCKET_PATH_MAX}: "
            f"choose a shorter REPLI_ROOT"
        )
        self.path = path


@dataclass(frozen=True)
class Paths:
    """The files of one appliance. One appliance per root and network namespace."""

    root: Path

    @classmethod
    def from_environment(cls) -> Paths:
        """Read REPLI_ROOT; a relative one is taken from the current folder."""
        return cls(Path(os.environ.get("REPLI_ROOT") or "/").absolute())

    @property
    def etc(self) -> Path:
        """The folder of the settings document."""
        return self.root / "etc/repli"

    @property
    def site_file(self) -> Path:
        """The settings document, enough to start any daemon alone."""
        return self.etc / "site.toml"

    @property
    def run(self) -> Path:
        """Sockets, pids and whatever is made anew at each boot."""
        return self.root / "run/repli"

    @property
    def kamailio_run(self) -> Path:
        """Kamailio's run folder: control sockets, location database, rendered start-up values."""
        return self.run / "kamailio"

    @property
    def registrations(self) -> Path:
        """The registrations as they were half a minute ago at most: voice writes them, Kamailio's launcher reads them."""
        return self.root / "var/lib/repli/registrations/location.sqlite"

    @property
    def resolver_file(self) -> Path:
        """The resolvers of the link that carries, as resolv.conf(5): uplinks writes it, dnsmasq reads it."""
        return self.run / "resolv.conf"

    @property
    def lease_file(self) -> Path:
        """The DHCP leases of the links with the times of their last renewal: written by uplinks, in memory."""
        return self.run / "uplinks-leases.json"

    @property
    def supervisor_file(self) -> Path:
        """What `repli run` started: JSON with pids and states."""
        return self.run / "run.json"

    def configuration(self, daemon: str) -> Path:
        """What a launcher rendered for the program it becomes; absent while there is nothing to serve."""
        return self.run / daemon / f"{daemon}.conf"

    def state(self, daemon: str) -> Path:
        """The daemon's own folder that outlives a reboot."""
        return self.root / "var/lib/repli" / daemon

    def socket(self, daemon: str) -> Path:
        """The daemon's varlink socket; raises SocketPathTooLong."""
        return checked_socket_path(self.run / daemon)


def checked_socket_path(path: Path) -> Path:
    """Return path, or raise SocketPathTooLong."""
    if len(os.fsencode(path)) > SOCKET_PATH_MAX:
        raise SocketPathTooLong(path)
    return path
