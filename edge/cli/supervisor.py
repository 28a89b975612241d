"""Keeps the daemons of one root running: start, readiness, restart with back-off, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.cli.launch import clean_environment, command_line, spawn
from edge.cli.listening import Door
from edge.cli.notifications import Notification, NotifySocket
from edge.cli.runfile import RunEntry, RunFile, RunState, write_run
from edge.cli.words import _, figure
from edge.shared.clock import SystemClock, utc_text
from edge.shared.daemons import Daemon
from edge.shared.lifecycle import EXIT_CONFIG
from edge.shared.paths import Paths

BACKOFF_MIN = 0.1  # seconds before the first restart; doubled at each death
BACKOFF_MAX = 10.0
BACKOFF_CONFIG = 15.0  # starting again changes nothing until a person changed the settings
GOOD_LIFE = 30.0  # seconds of life after which a death is a first one again
DOOR_POLL = 2.0  # seconds between two looks at where the settings want the pages
STOP_TIMEOUT = 8.0  # seconds a daemon has to end before it is killed


def next_backoff(previous: float, lived: float, code: int) -> float:
    """Seconds to wait before a restart, from the last wait, the seconds it lived, and how it ended."""
    if code == EXIT_CONFIG:
        return BACKOFF_CONFIG
    if lived >= GOOD_LIFE or previous == 0:
        return BACKOFF_MIN
    return min(previous * 2, BACKOFF_MAX)


@dataclass
class Child:
    """One supervised daemon."""

    daemon: Daemon
    entry: RunEntry
    uid: int
    started: float = 0.0
    backoff: float = 0.0
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """The daemons of one `repli run`."""

    def __init__(self, paths: Paths, daemons: Sequence[Daemon]) -> None:
        self.paths = paths
        self.environment = clean_environment(paths)
        self.stopping = asyncio.Event()
        self.begun = time.monotonic()
        now = utc_text(SystemClock().now())
        self.children = [Child(daemon, RunEntry(since=now), pwd.getpwnam(daemon.user).pw_uid) for daemon in daemons]
        self.notify = NotifySocket(paths.run / "notify")

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop everything, last started first."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        loop.add_reader(self.notify.socket, self._heard)
        self._save()
        keepers = [asyncio.create_task(self._keep(child), name=child.daemon.name) for child in self.children]
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            done, _pending = await asyncio.wait([*keepers, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.stopping.set()
            await self._stop_all()
            await asyncio.gather(*keepers, return_exceptions=True)
            loop.remove_reader(self.notify.socket)
            self.notify.close()
            self.paths.supervisor_file.unlink(missing_ok=True)

    async def _keep(self, child: Child) -> None:
        door = Door(self.paths) if child.daemon.socket_activated else None
        while not self.stopping.is_set():
            listen = await self._open(door, child) if door else None
            if self.stopping.is_set():
                break
            code = await self._one_life(child, listen, door)
            if self.stopping.is_set():
                break
            self._say(child, _death(code))
            child.backoff = next_backoff(child.backoff, time.monotonic() - child.started, code)
            child.entry.restarts += 1
            self._enter(child, RunState.BACKOFF, pid=None, reason=_death(code))
            await self._pause(child.backoff)
        child.ended.set()

    async def _one_life(self, child: Child, listen: socket.socket | None, door: Door | None) -> int:
        """Start the daemon and return how it ended: its exit code, or minus the signal."""
        if child.daemon.varlink:
            self.paths.socket(child.daemon.name).unlink(missing_ok=True)
        child.started = time.monotonic()
        pid = spawn(command_line(child.daemon), self.environment, listen.fileno() if listen else None)
        self._enter(child, RunState.STARTING, pid=pid)
        mover = asyncio.create_task(self._follow(door, child, pid)) if door else None
        code = await _end_of(pid)
        if mover is not None:
            mover.cancel()
        # As systemd's KillMode=control-group: no worker of a dead daemon stays behind and holds its ports.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        return code

    async def _open(self, door: Door, child: Child) -> socket.socket | None:
        wait = BACKOFF_MIN
        while not self.stopping.is_set():
            trouble = door.open()
            if trouble is None:
                return door.socket
            if trouble != child.entry.reason:
                self._say(child, trouble)
            self._enter(child, RunState.BACKOFF, pid=None, reason=trouble)
            await self._pause(wait)
            wait = min(wait * 2, BACKOFF_MAX)
        return None

    async def _follow(self, door: Door, child: Child, pid: int) -> None:
        """A socket cannot be moved: when the settings name another address, the daemon is started anew on it."""
        while not door.moved():  # noqa: ASYNC110 - a file says nothing by itself
            await asyncio.sleep(DOOR_POLL)
        self._say(child, _("adresse ou port changés dans les réglages"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def _heard(self) -> None:
        while (notification := self.notify.receive()) is not None:
            child = self._sender(notification)
            if child and notification.fields.get("READY") == "1" and child.entry.state is RunState.STARTING:
                self._enter(child, RunState.READY, pid=child.entry.pid)
                self._say(child, _("prêt en {seconds} s").format(seconds=figure(time.monotonic() - child.started)))

    def _sender(self, notification: Notification) -> Child | None:
        """By pid, else by user: each daemon has its own (root is nobody's), and a helper process may speak for it."""
        for child in self.children:
            if child.entry.pid == notification.pid:
                return child
        own = (child for child in self.children if child.uid == notification.uid and child.uid != 0)
        return next(own, None)

    async def _stop_all(self) -> None:
        for child in reversed(self.children):
            pid = child.entry.pid
            if pid is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_TIMEOUT):
                    await child.ended.wait()
            except TimeoutError:
                self._say(child, _("ne s'arrête pas : tué"))
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            else:
                self._say(child, _("arrêté"))
            self._enter(child, RunState.STOPPED, pid=None)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def _enter(self, child: Child, state: RunState, *, pid: int | None, reason: str = "") -> None:
        if state is not child.entry.state or pid != child.entry.pid:
            child.entry.since = utc_text(SystemClock().now())
        child.entry.state = state
        child.entry.pid = pid
        child.entry.reason = reason
        self._save()

    def _save(self) -> None:
        run = RunFile(pid=os.getpid(), daemons={child.daemon.name: child.entry for child in self.children})
        try:
            write_run(self.paths, run)
        except OSError as error:
            print(_("run.json ne peut pas être écrit : {error}").format(error=error), file=sys.stderr)

    def _say(self, child: Child, text: str) -> None:
        minutes, seconds = divmod(time.monotonic() - self.begun, 60)
        with contextlib.suppress(OSError):  # nobody reads any more: the daemons matter, the line does not
            print(f"{int(minutes):02d}:{seconds:04.1f}  {child.daemon.name:<9} {text}", flush=True)


def _death(code: int) -> str:
    if code == EXIT_CONFIG:
        return _("refuse de démarrer (voir ci-dessus) ; nouvel essai dans {seconds:.0f} s").format(
            seconds=BACKOFF_CONFIG
        )
    if code < 0:
        return _("mort (signal {number}), relancé").format(number=-code)
    return _("terminé (code {code}), relancé").format(code=code)


async def _end_of(pid: int) -> int:
    """Wait for a child without a thread: a pidfd is readable when its process has ended (pidfd_open(2))."""
    descriptor = os.pidfd_open(pid)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    _pid, status = os.waitpid(pid, 0)  # noqa: ASYNC222 - it has ended
    return os.waitstatus_to_exitcode(status)
