"""The web's listening socket, bound by the supervisor: web has no right to a port below 1024, and keeps none."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address

from edge.cli.words import _
from edge.shared.paths import Paths
from edge.shared.section import SettingsRefused, SettingsSource

BACKLOG = 128


class Door:
    """One listening TCP socket, kept open over restarts so that no visitor meets a closed port."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.socket: socket.socket | None = None
        self._bound: tuple[IPv4Address, int] | None = None
        self._modified = 0  # of site.toml, in ns, when it was last looked at

    def open(self) -> str | None:
        """Listen where the settings say; returns what is in the way, for people, or None when it listens."""
        try:
            wanted = self._wanted()
        except SettingsRefused as refused:
            return _("réglages refusés : {reason}").format(reason=refused)
        if self.socket is not None and wanted == self._bound:
            return None
        self.close()
        try:
            self.socket = _listen(*wanted)
        except OSError as error:
            return _trouble(error).format(address=wanted[0], port=wanted[1])
        self._bound = wanted
        return None

    def moved(self) -> bool:
        """Whether the settings now ask for another address or port than the one it listens on."""
        if self._unchanged():
            return False
        try:
            return self.socket is not None and self._wanted() != self._bound
        except SettingsRefused:
            return False

    def _unchanged(self) -> bool:
        try:
            modified = self.paths.site_file.stat().st_mtime_ns
        except OSError:
            return True
        before, self._modified = self._modified, modified
        return modified == before

    def _wanted(self) -> tuple[IPv4Address, int]:
        web = SettingsSource(self.paths, "web").look().web
        return web.address, web.port

    def close(self) -> None:
        """Stop listening."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
            self._bound = None


def _listen(address: IPv4Address, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _trouble(error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return _("l'adresse {address} n'existe pas (encore) sur cette machine ; nouvel essai")
    if error.errno == errno.EADDRINUSE:
        return _("le port {port} de {address} est déjà pris par un autre programme ; nouvel essai")
    return _("ne peut pas écouter sur {address}:{port} : ") + str(error.strerror) + _(" ; nouvel essai")
