"""The life of a daemon process: logs, signals, readiness, a clean end. Every main.py runs inside this."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from edge.shared.ledger import LedgerBusy, LedgerDamaged
from edge.shared.logs import mask_numbers, start_logging
from edge.shared.notify import notify
from edge.shared.paths import Paths, SocketPathTooLong
from edge.shared.section import SettingsRefused
from edge.shared.storage import DocumentDamaged

log = logging.getLogger(__name__)

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h: starting again changes nothing, a person must look

Main = Callable[[Paths, asyncio.Event], Awaitable[None]]


def run_daemon(name: str, main: Main) -> None:
    """Run a daemon until SIGTERM or SIGINT, then exit 0. main gets the paths and an event that says stop."""
    start_logging(name)
    try:
        asyncio.run(_run(main))
    except SettingsRefused as refused:
        for fault in refused.faults:
            print(f"{name}: {mask_numbers(fault.text)}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    except (SocketPathTooLong, LedgerBusy, LedgerDamaged, DocumentDamaged) as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def ready() -> None:
    """Tell the supervisor that the daemon serves."""
    notify(f"READY=1\nMAINPID={os.getpid()}")


async def _run(main: Main) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watchdog = asyncio.create_task(_feed_watchdog())
    try:
        await main(Paths.from_environment(), stop)
    finally:
        watchdog.cancel()
        notify("STOPPING=1")


async def _feed_watchdog() -> None:
    """Tell systemd's watchdog that the event loop turns, at half of WATCHDOG_USEC. Returns when there is none."""
    period = int(os.environ.get("WATCHDOG_USEC") or 0) / 2e6
    while period > 0:
        notify("WATCHDOG=1")
        await asyncio.sleep(period)


async def until_stopped(stop: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Wait for the stop event; a task that ends before it is a defect, and its exception is raised here."""
    waiter = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({waiter, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    for task in tasks:
        if task in done and not stop.is_set():
            task.result()
            raise RuntimeError(f"{task.get_name()} ended by itself")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
