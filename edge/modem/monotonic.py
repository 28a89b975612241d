"""The one clock for durations within the daemon."""

from __future__ import annotations

import asyncio


def monotonic() -> float:
    """Seconds of the running event loop's clock (CLOCK_MONOTONIC): nobody sets it, and it says nothing after a restart."""
    return asyncio.get_running_loop().time()
