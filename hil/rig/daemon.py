"""Real daemon processes in a root of their own, without namespaces: the smallest rig there is."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.shared.daemons import DAEMONS
from edge.shared.paths import Paths


class NotReady(Exception):
    """The daemon did not say READY=1 in time, or it ended before."""


@dataclass
class DaemonProcess:
    """One `python -m MODULE` in the foreground."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """SIGKILL, as a power cut or the OOM killer would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@dataclass
class LocalRoot:
    """A REPLI_ROOT and the daemons started in it, as the user who runs the test."""

    folder: Path
    running: dict[str, DaemonProcess] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.paths = Paths(self.folder)
        self.paths.etc.mkdir(parents=True)
        self.paths.run.mkdir(parents=True)
        for name in DAEMONS:
            self.paths.state(name).mkdir(parents=True)

    def write_site(self, document: str) -> None:
        """Write site.toml."""
        self.paths.site_file.write_text(document, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """The environment that makes repli and the daemons use this root."""
        return {**os.environ, "REPLI_ROOT": str(self.folder), "PYTHONUNBUFFERED": "1"}

    def start(self, name: str, *, timeout: float = 60.0, under: Sequence[str] = ()) -> DaemonProcess:
        """Start a daemon and wait until it says READY=1 (sd_notify). under: what runs it, as env(1) does. Raises NotReady
        with its log."""
        address = self.paths.run / f"notify-{name}"
        address.unlink(missing_ok=True)
        log = self.folder / f"{name}.log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, log.open("ab") as output:
            notify.bind(str(address))
            process = subprocess.Popen(
                [*under, sys.executable, "-m", DAEMONS[name].module],
                env={**self.environment, "NOTIFY_SOCKET": str(address)},
                stderr=output,
                stdout=output,
            )
            daemon = DaemonProcess(name, process, log)
            self.running[name] = daemon
            deadline = time.monotonic() + timeout
            notify.settimeout(0.1)
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    if b"READY=1" in notify.recv(4096):
                        return daemon
                except TimeoutError:
                    continue
        if process.poll() is None:
            daemon.kill()
        raise NotReady(f"{name} (exit {process.returncode}):\n{log.read_text()}")

    def repli(self, *arguments: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run the command line in this root."""
        return subprocess.run(
            [sys.executable, "-m", "edge.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def stop(self) -> None:
        """End every daemon still running."""
        for daemon in self.running.values():
            if daemon.process.poll() is None:
                daemon.kill()
            # Kamailio leads a group of its own, whose members outlive a kill -9 of their leader.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(daemon.process.pid, signal.SIGKILL)
