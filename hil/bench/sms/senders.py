"""The senders that are measured, each as its manual says, as quick as it can be made, with reports asked for."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edge.shared.messages.modem import ModemState, SegmentState, SmsSeverity
from hil.bench.sms.count import Wanted
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import VirtualModem

NO_PACING = {"free_burst": 1_000_000}
OPEN_STATES = frozenset({SegmentState.QUEUED, SegmentState.CLAIMED, SegmentState.UNCERTAIN})
GAMMU, SMSTOOLS = "/usr/bin/gammu-smsd", "/usr/sbin/smsd"


class Sender(Protocol):
    """Something that sends SMS through modems."""

    name: str

    def start(self, modems: Sequence[VirtualModem]) -> None:
        """Serve these modems."""

    def request(self, messages: Sequence[Wanted], *, urgent: bool = False) -> None:
        """Ask for messages, one after another; each is on disk when this returns."""

    def pending(self) -> bool:
        """Whether it still means to send something."""

    def stop(self) -> None:
        """End it."""


@dataclass
class Repli:
    """This project's modem daemon as on the box, pacing off."""

    folder: Path
    settings: Mapping[str, float] = field(default_factory=dict)  # of [modem]
    name: str = "Repli"

    def __post_init__(self) -> None:
        self.bench = ModemBench(LocalRoot(self.folder / "root"))
        self._requests = 0

    def start(self, modems: Sequence[VirtualModem]) -> None:
        """Start the daemon, beside a panel that can take a modem's power; wait until every modem is ready."""
        self.bench.modems = list(modems)
        settings = {**PRODUCTION, **NO_PACING, **self.settings}
        values = "".join(f"{name} = {value}\n" for name, value in settings.items())
        devices = [f'[[modem.devices]]\nname = "{modem.name}"\ndevice = "{modem.link}"\n' for modem in modems]
        self.bench.root.write_site("\n".join([f"[modem]\n{values}", *devices]))
        self.bench.serve_panel()
        self.bench.start()
        self.bench.wait(lambda: all(modem.state is ModemState.READY for modem in self.bench.listed()))

    def request(self, messages: Sequence[Wanted], *, urgent: bool = False) -> None:
        """By its varlink interface."""
        severity = SmsSeverity.URGENT if urgent else SmsSeverity.ROUTINE
        for message in messages:
            self._requests += 1
            self.bench.send(message.number, message.text, f"bench-{self._requests}", severity)

    def pending(self) -> bool:
        """What its outbox says."""
        return any(state in OPEN_STATES for state in self.bench.states())

    def maybe_dup(self) -> set[str]:
        """Numbers whose message it marked as perhaps sent twice."""
        return {message.number for message in self.bench.outbox() if any(part.maybe_dup for part in message.segments)}

    def restart(self) -> None:
        """Start it again after a kill -9."""
        self.bench.start()

    def asked_panel_ns(self) -> list[int]:
        """When panel was asked to take a modem's power away: panel's own log."""
        log = self.bench.panel_log
        return [json.loads(line)["monotonic_ns"] for line in log.read_text().splitlines()] if log.exists() else []

    def stop(self) -> None:
        """End the daemon and panel; the modems are not its own."""
        self.bench.root.stop()
        self.bench.modems = []
        self.bench.stop()


# The defaults of the settings, where ModemBench would be impatient.
PRODUCTION = {"report_window_s": 120.0, "command_timeout_s": 5.0, "submit_timeout_s": 20.0, "reconnect_max_s": 15.0}


@dataclass
class Gammu:
    """gammu-smsd (Debian's package) with files, one process for each modem; the outbox is shared by none."""

    folder: Path
    name: str = "gammu-smsd"
    program: str = GAMMU

    def __post_init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._requests = 0

    def start(self, modems: Sequence[VirtualModem]) -> None:
        """Start it; it looks at its outbox again as soon as it can."""
        for box in ("inbox", "outbox", "sent", "error"):
            (self.folder / box).mkdir()
        for number, modem in enumerate(modems):
            configuration = self.folder / f"gammu-{number}.conf"
            configuration.write_text(
                "[gammu]\n"
                f"device = {modem.link}\nconnection = at115200\n"
                "[smsd]\n"
                "service = files\nlogfile = stderr\ndebuglevel = 0\n"
                "checksecurity = 0\ncheckbattery = 0\nchecksignal = 0\nchecknetwork = 0\nstatusfrequency = 0\n"
                "commtimeout = 1\nloopsleep = 0\ndeliveryreport = log\n"
                f"inboxpath = {self.folder}/inbox/\noutboxpath = {self.folder}/outbox/\n"
                f"sentsmspath = {self.folder}/sent/\nerrorsmspath = {self.folder}/error/\n",
                encoding="ascii",
            )
            argv = [self.program, "--config", str(configuration), "--pid", str(self.folder / f"gammu-{number}.pid")]
            self._processes.append(_spawn(argv, self.folder / f"gammu-{number}.log"))

    def request(self, messages: Sequence[Wanted], *, urgent: bool = False) -> None:
        """As files of its outbox, d for a delivery report; names are taken in order."""
        for message in messages:
            self._requests += 1
            name = f"OUT{'A' if urgent else 'C'}20260101_000000_{self._requests:05d}_{message.number}_x.txtd"
            _put(self.folder / "outbox" / name, message.text)

    def pending(self) -> bool:
        """What its outbox holds."""
        return any((self.folder / "outbox").iterdir())

    def stop(self) -> None:
        """End it."""
        _end(self._processes)


@dataclass
class Smstools:
    """smstools3 (Debian's package) with its shortest sleeps."""

    folder: Path
    name: str = "smstools3"
    program: str = SMSTOOLS

    def __post_init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._requests = 0

    def start(self, modems: Sequence[VirtualModem]) -> None:
        """Start it."""
        for box in ("outgoing", "checked", "incoming", "report", "sent", "failed"):
            (self.folder / box).mkdir()
        names = [f"GSM{number}" for number in range(1, len(modems) + 1)]
        paths = [
            f"{box} = {self.folder}/{box}" for box in ("outgoing", "checked", "incoming", "report", "sent", "failed")
        ]
        sleeps = ["delaytime = 1", "delaytime_mainprocess = 1", "errorsleeptime = 1", "blocktime = 5"]
        common = [f"devices = {', '.join(names)}", *paths, *sleeps, "trust_outgoing = yes", "autosplit = 3"]
        files = [f"logfile = {self.folder}/smsd.log", f"infofile = {self.folder}/smsd.info", "loglevel = 5"]
        devices = [
            f"[{name}]\ndevice = {modem.link}\nbaudrate = 115200\nrtscts = no\nincoming = yes\nreport = yes\n"
            'init = AT+CPMS="ME","ME","ME"\ninit2 = AT+CNMI=2,1,0,2,0\ncheck_network = 0\npoll_faster = 1\n'
            for name, modem in zip(names, modems, strict=True)
        ]
        configuration = self.folder / "smsd.conf"
        configuration.write_text("\n".join([*common, *files, *devices]), encoding="ascii")
        argv = [self.program, "-t", f"-c{configuration}", f"-p{self.folder}/smsd.pid"]
        self._processes.append(_spawn(argv, self.folder / "smsd.out"))

    def request(self, messages: Sequence[Wanted], *, urgent: bool = False) -> None:
        """As files of its outgoing folder."""
        for message in messages:
            self._requests += 1
            priority = "Priority: HIGH\n" if urgent else ""
            text = f"To: {message.number}\nReport: yes\n{priority}\n{message.text}"
            _put(self.folder / "outgoing" / f"{self._requests:05d}", text)

    def pending(self) -> bool:
        """What its folders hold."""
        return any(any((self.folder / box).iterdir()) for box in ("outgoing", "checked"))

    def stop(self) -> None:
        """End it."""
        _end(self._processes)


def _put(path: Path, text: str) -> None:
    """Whole and on disk before its reader can see it."""
    fresh = path.parent.parent / f".{path.name}"
    with fresh.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _spawn(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(argv, stdout=output, stderr=output, start_new_session=True)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + 5
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(10)
