"""Whether the machine has the addresses that the settings name. Kamailio listens on them anyway, for when they come."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from edge.shared.model.voice import Listen


def missing_addresses(listening: Iterable[Listen]) -> list[str]:
    """The addresses that this machine does not have now."""
    return [address for address in dict.fromkeys(str(one.address) for one in listening) if not _have(address)]


def _have(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True
