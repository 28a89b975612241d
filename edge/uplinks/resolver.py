"""The resolvers of the link that carries, in a file that dnsmasq watches. Nobody else is asked or told.

A resolver that only the dead link reaches is the known trap (meta-balena#3016): the file changes with the routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from edge.shared.model import UplinksSection


def resolvers(section: UplinksSection, active: str | None) -> list[IPv4Address]:
    """Whom to ask now: those of the active link; where it names none, those of the others, in case they answer it too.

    Pure.
    """
    own = [server for link in section.links if link.name == active for server in link.dns]
    return own or [server for link in section.links for server in link.dns]


class ResolverFile:
    """The file (resolv.conf(5)), replaced in one step. It is in memory or lost with a reboot: nothing is synced."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def name(self, servers: Sequence[IPv4Address]) -> None:
        """Put these in it. Without any, the file stays as it is: an old resolver may still answer. Raises OSError."""
        text = "".join(f"nameserver {server}\n" for server in servers)
        if not servers or text == self._read():
            return
        fresh = self._path.with_name(f".{self._path.name}")
        fresh.write_text(text, encoding="ascii")
        fresh.chmod(0o644)
        fresh.replace(self._path)

    def _read(self) -> str | None:
        try:
            return self._path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return None
