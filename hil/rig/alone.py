"""The whole appliance alone: `repli run` in an empty network namespace and a root of its own, as on the box."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from edge.shared.paths import Paths

LOG_SHOWN = 4000  # last characters of the log that an error carries


class NotUp(Exception):
    """`repli run` ended, or its daemons were not ready in time."""


@dataclass
class Appliance:
    """One `repli run` and its namespace. Nothing of it is left after the with block."""

    folder: Path
    namespace: str
    only: str | None = None
    log: Path = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.paths = Paths(self.folder)
        self.log = self.folder / "run.log"
        self.paths.etc.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "lo", "up"], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        subprocess.run(["ip", "netns", "del", self.namespace], check=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment that makes repli use this root."""
        return {**os.environ, "REPLI_ROOT": str(self.folder)}

    def write_site(self, document: str) -> None:
        """Write site.toml."""
        self.paths.site_file.write_text(document, encoding="utf-8")

    def repli(self, *arguments: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run the command line in this namespace and root."""
        return subprocess.run(
            self._command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *, timeout: float = 60.0) -> None:
        """Start `repli run` and wait until every daemon is ready. Raises NotUp with its log."""
        self.launch()
        waited = self.repli("wait", "--timeout", str(timeout), *self._chosen, timeout=timeout + 30)
        if waited.returncode != 0:
            raise NotUp(waited.stderr + self.log.read_text()[-LOG_SHOWN:])

    def launch(self) -> None:
        """Start `repli run` without waiting."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command("run", *self._chosen), env=self.environment, stdout=output, stderr=output
            )

    def run_file(self) -> dict[str, Any]:
        """run.json as it is now."""
        found: dict[str, Any] = json.loads(self.paths.supervisor_file.read_bytes())
        return found

    def pid(self, daemon: str) -> int:
        """The daemon's process; raises LookupError while it is being restarted."""
        pid = self.run_file()["daemons"][daemon]["pid"]
        if pid is None:
            raise LookupError(daemon)
        return int(pid)

    def stop(self) -> int:
        """SIGTERM; returns the exit code of `repli run`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """End everything, however it is; the daemons end with their supervisor."""
        if self.process is None or self.process.poll() is not None:
            return
        pids = [entry["pid"] for entry in self.run_file()["daemons"].values() if entry["pid"]]
        self.process.kill()
        self.process.wait(10)
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.05)

    @property
    def _chosen(self) -> list[str]:
        return [] if self.only is None else ["--only", self.only]

    def _command(self, *arguments: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, sys.executable, "-m", "edge.cli", *arguments]
