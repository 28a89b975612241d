"""sd_notify(3) over NOTIFY_SOCKET: readiness, stopping, watchdog. Silent when nobody listens."""

from __future__ import annotations

import asyncio
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


async def feed_watchdog() -> None:
    """Tell systemd's watchdog that the event loop turns, at half of WATCHDOG_USEC. Returns when there is none."""
    period = int(os.environ.get("WATCHDOG_USEC") or 0) / 2e6
    while period > 0:
        notify("WATCHDOG=1")
        await asyncio.sleep(period)
