"""sd_notify(3) over NOTIFY_SOCKET. Silent when nobody listens."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Send one assignment such as READY=1. Returns False when there is no supervisor to tell."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError:
            # The supervisor died or is restarting; a daemon outlives it.
            return False
    return True
