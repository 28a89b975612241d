"""Keeps one pppd running for each link that wants a PPPoE session, and says why one does not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from pathlib import Path

from edge.shared.clock import Clock, utc_text
from edge.shared.messages.common import Issue
from edge.shared.model import Link, LinkAddress, UplinksSection
from edge.uplinks.pppd.options import Ending, carrier, ending, next_wait_s, render

log = logging.getLogger(__name__)

PPPD = "/usr/sbin/pppd"
STOP_TIMEOUT_S = 5.0  # pppd tells the provider that the session ends
_AF_PPPOX, _PX_PROTO_OE = 24, 0  # linux/socket.h, linux/if_pppox.h
_CONTROL = Path("/dev/ppp")


class Sessions:
    """The sessions that settings ask for."""

    def __init__(self, clock: Clock) -> None:
        self.links: dict[str, Link] = {}
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._endings: dict[str, tuple[Ending, str]] = {}  # by link: why, and since when

    def follow(self, section: UplinksSection) -> None:
        """Have exactly the sessions of these settings; one whose settings are the same goes on."""
        wanted = {link.name: link for link in section.links if link.address is LinkAddress.PPPOE}
        for name in [name for name in self.links if wanted.get(name) != self.links[name]]:
            del self.links[name]
            self._endings.pop(name, None)
            task = self._tasks.pop(name)
            task.cancel()
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)
        for name, link in wanted.items():
            if name not in self.links:
                self.links[name] = link
                self._tasks[name] = asyncio.create_task(self._keep(link), name=f"session {name}")

    def issues(self) -> list[Issue]:
        """Each session that is not there, and why; nothing while the first try is under way."""
        return [
            Issue(
                id=why,
                subject=name,
                data={"interface": carrier(self.links[name])},
                since=since,
            )
            for name, (why, since) in sorted(self._endings.items())
            if not _is_there(self.links[name].interface)
        ]

    async def stop(self) -> None:
        """End every session."""
        self.follow(UplinksSection())
        await asyncio.gather(*self._stopping, return_exceptions=True)

    async def _keep(self, link: Link) -> None:
        # What the settings had before must have let go of the name and the provider's session.
        await asyncio.gather(*self._stopping, return_exceptions=True)
        wait_s = 0.0
        while True:
            began = time.monotonic()
            why = obstacle(link) or await _one_life(link)
            self._note(link.name, why)
            wait_s = next_wait_s(wait_s, time.monotonic() - began, why)
            await asyncio.sleep(wait_s)

    def _note(self, name: str, why: Ending) -> None:
        known = self._endings.get(name)
        if known is None or known[0] is not why:
            log.warning("%s: %s", name, why)
            self._endings[name] = (why, utc_text(self._clock.now()))


def obstacle(link: Link) -> Ending | None:
    """Why it is of no use to start pppd; None: it may work."""
    try:
        socket.socket(_AF_PPPOX, socket.SOCK_STREAM, _PX_PROTO_OE).close()
    except OSError:
        return Ending.UNSUPPORTED
    if not _CONTROL.exists():
        return Ending.UNSUPPORTED
    return None if _is_there(carrier(link)) else Ending.PARENT_MISSING


def options_file(link: Link) -> int:
    """The options as a file without a name, so that the password is on no disk. The caller closes it."""
    descriptor = os.memfd_create(f"pppd-{link.name}", 0)
    os.write(descriptor, render(link).encode())
    return descriptor


async def _one_life(link: Link) -> Ending:
    """Run pppd to its end."""
    options = options_file(link)
    try:
        # Killed with -9, this daemon takes its sessions with it: the next life starts its own.
        command = ["setpriv", "--pdeathsig=TERM", "--", PPPD, "file", f"/proc/self/fd/{options}"]
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, pass_fds=(options,))
    finally:
        os.close(options)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise
    log.warning("%s: pppd ended with %s", link.name, code)
    return ending(code)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _is_there(interface: str) -> bool:
    try:
        return socket.if_nametoindex(interface) > 0
    except OSError:
        return False
