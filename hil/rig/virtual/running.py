"""A town that runs, as any process may use it: the one that built it, a test, `repli-town fault NAME`."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hil.rig.virtual import site
from hil.rig.virtual.browser import write_wrapper
from hil.rig.virtual.flow.flow import Ends, Flow, Opener
from hil.rig.virtual.network_faults import NETWORK_FAULTS
from hil.rig.virtual.part import Fault, Part
from hil.rig.virtual.plan import Plan
from hil.rig.virtual.processes import Gone, Process, is_running, start_time
from hil.rig.virtual.state import ProcessRecord, changing, read_state
from hil.rig.virtual.table import PARTS
from hil.rig.virtual.topology import plan_of

# Python must not look for the code in the folder it is started from: a clone below /root is closed to the daemons.
_INSTALLED = {"PYTHONSAFEPATH": "1"}


class NoSuchTown(Exception):
    """No town of this name runs."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no town named {name} is running")


class NoSuchFault(Exception):
    """Neither the network nor any part of this town has a fault of this name."""


class RunningTown:
    """What can be done in and with a running town. Use `Town` to build one, `attach` to reach one built elsewhere."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.name = plan.name
        self.folder = plan.folder
        self.root = plan.folder / "root"
        self._children: dict[str, Process] = {}

    @classmethod
    def attach(cls, name: str) -> RunningTown:
        """Reach a town that another process owns. Raises NoSuchTown."""
        try:
            state = read_state(Plan(name).folder)
        except FileNotFoundError:
            raise NoSuchTown(name) from None
        if not is_running(state.owner, state.owner_started):
            raise NoSuchTown(name)
        return RunningTown(plan_of(name, state.topology))

    def namespace(self, role: str) -> str:
        """Full name of a namespace: lan, edge, fibre, lte, cloud, and those that topology or parts add."""
        return self.plan.namespace(role)

    # -- processes ---------------------------------------------------------------------------------------------------

    def command(self, namespace: str | None, argv: Sequence[str], user: str | None = None) -> list[str]:
        """The argument list that runs argv inside a namespace (None: the machine's own), as a user."""
        as_user = _become(user) if user else []
        enter = ["ip", "netns", "exec", self.namespace(namespace)] if namespace else []
        return [*enter, *as_user, *argv]

    def run(
        self, namespace: str, argv: Sequence[str], timeout: float = 30.0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in a namespace; its exit code is the caller's to judge."""
        return subprocess.run(
            self.command(namespace, argv),
            env={**os.environ, **_INSTALLED, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def spawn(
        self,
        namespace: str | None,
        argv: Sequence[str],
        log: str,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> Process:
        """Start a process that ends with the town. log: its output in the town's folder, less `.log` its name."""
        record = ProcessRecord(
            name=Path(log).stem,
            pid=0,
            started=0,
            namespace=namespace,
            argv=list(argv),
            env=dict(env or {}),
            user=user,
            log=log,
        )
        return self._start(record)

    def respawn(self, name: str) -> Process:
        """Start a recorded process again as it was started, after it was killed. Raises Gone for an unknown name."""
        return self._start(self._record(name))

    def process(self, name: str) -> Process:
        """A process of this town by its name (its log's, less `.log`). Raises Gone if none was recorded."""
        if name in self._children:
            child = self._children[name]
            if child.alive:
                return child
        record = self._record(name)
        return Process(name, record.pid, record.started, self.folder / record.log)

    def _start(self, record: ProcessRecord) -> Process:
        log = self.folder / record.log
        with log.open("ab") as output:
            offset = output.tell()
            popen = subprocess.Popen(
                self.command(record.namespace, record.argv, record.user),
                env={**os.environ, **_INSTALLED, "PYTHONUNBUFFERED": "1", **record.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            started = start_time(popen.pid)
        except Gone:  # it failed at once: its log says why, and whoever waits for it will look
            started = 0
        process = Process(record.name, popen.pid, started, log, popen, offset)
        with changing(self.folder) as state:
            state.processes[record.name] = record.model_copy(update={"pid": popen.pid, "started": started})
        self._children[record.name] = process
        return process

    def _record(self, name: str) -> ProcessRecord:
        record = read_state(self.folder).processes.get(name)
        if record is None:
            raise Gone(f"the town {self.name} never had a process named {name}")
        return record

    # -- the appliance -----------------------------------------------------------------------------------------------

    @property
    def appliance_environment(self) -> dict[str, str]:
        """What makes `repli` and the daemons use this town's root."""
        return {"REPLI_ROOT": str(self.root)}

    def site_document(self) -> str:
        """A complete site.toml for the appliance of this town."""
        return site.document(self.plan)

    def write_site(self, text: str | None = None) -> None:
        """Write site.toml: the town's own document unless another is given."""
        folder = self.root / "etc/repli"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "site.toml").write_text(self.site_document() if text is None else text, encoding="utf-8")

    def repli(self, *arguments: str, timeout: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run the appliance's command line in the edge namespace."""
        argv = [sys.executable, "-m", "edge.cli", *arguments]
        return self.run("edge", argv, timeout, self.appliance_environment)

    def start_appliance(self, only: str | None = None) -> Process:
        """Start `repli run` in the edge namespace; site.toml is written first if there is none."""
        if not (self.root / "etc/repli/site.toml").exists():
            self.write_site()
        argv = [sys.executable, "-m", "edge.cli", "run", *(["--only", only] if only else [])]
        return self.spawn("edge", argv, "appliance.log", env=self.appliance_environment)

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Return when every daemon that `repli run` started is ready. Raises ApplianceNotReady with the log's end."""
        result = self.repli("wait", "--timeout", f"{timeout:g}", timeout=timeout + 10)
        if result.returncode != 0:
            tail = "\n".join(self.process("appliance").log_text().splitlines()[-40:])
            raise ApplianceNotReady(f"{result.stdout}{result.stderr}\n{tail}")

    # -- faults ------------------------------------------------------------------------------------------------------

    def faults(self) -> dict[str, Fault]:
        """Every fault of the network and of the parts this town has."""
        return faults_of(read_state(self.folder).parts)

    def fault(self, name: str) -> int:
        """Inject a fault; twice is once. Raises NoSuchFault.

        Returns CLOCK_MONOTONIC (ns) just before, so that a silence which begins while it is injected, and may be over
        before this returns, is looked at.
        """
        fault = self._fault(name)
        now = time.monotonic_ns()
        fault.inject(self)
        with changing(self.folder) as state:
            state.faults = sorted({*state.faults, name})
        return now

    def heal(self, name: str) -> int:
        """Take a fault away, injected or not. Returns CLOCK_MONOTONIC (ns) just after. Raises NoSuchFault."""
        self._fault(name).heal(self)
        now = time.monotonic_ns()
        with changing(self.folder) as state:
            state.faults = [other for other in state.faults if other != name]
        return now

    def _fault(self, name: str) -> Fault:
        faults = self.faults()
        if name not in faults:
            raise NoSuchFault(f"no fault named {name} in {self.name}; there are: {', '.join(sorted(faults))}")
        return faults[name]

    # -- measuring and reaching ------------------------------------------------------------------------------------

    @property
    def ends(self) -> Ends:
        """Where flows are measured unless a test says otherwise."""
        return Ends(*self.plan.near_end, self.plan.echo)

    @property
    def ends_ipv6(self) -> Ends:
        """The same in IPv6, in a town with the part ipv6."""
        return Ends("lan", self.plan.probe_host_ipv6, self.plan.echo_ipv6)

    def flow(
        self, rate: float = 50.0, size: int = 172, name: str = "flow", dscp: int = 0, ends: Ends | None = None
    ) -> Flow:
        """An established flow by the box to the cloud, measured at its far end; use it in a `with` block."""
        return Flow(self, name, ends or self.ends, rate, size, dscp)

    def new_flows(self, every: float = 0.05, name: str = "newflows", ends: Ends | None = None) -> Opener:
        """A new flow each `every` seconds, to tell when new flows work; use it in a `with` block."""
        return Opener(self, name, ends or self.ends, every)

    def browser_wrapper(self) -> Path:
        """An executable that runs Chromium in the LAN namespace, for Playwright's executable_path."""
        return write_wrapper(self)

    def forward(self, port: int = 0, to_port: int | None = None) -> int:
        """Serve the edge's web page on 127.0.0.1 of the machine; returns the port (0 given: a free one)."""
        target = to_port or self.plan.web_port
        log = f"forward-{target}.log"
        argv = [sys.executable, "-m", "hil.rig.virtual.forward", self.namespace("edge"), self.plan.edge_lan]
        process = self.spawn(None, [*argv, str(target), str(port)], log)
        return int(process.wait_printed(r"^listening on 127\.0\.0\.1:(\d+)$")[1])


class ApplianceNotReady(Exception):
    """`repli wait` gave up."""


def _become(user: str) -> list[str]:
    group = pwd.getpwnam(user).pw_gid
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", "--"]


def faults_of(parts: Sequence[str]) -> dict[str, Fault]:
    """The network's faults and those of the named parts, by name."""
    faults = [*NETWORK_FAULTS, *(fault for part in parts for fault in part_named(part).faults())]
    return {fault.name: fault for fault in faults}


def part_named(name: str) -> Part:
    """A new instance of a part of the table. Raises KeyError."""
    if name not in PARTS:
        raise KeyError(f"no part named {name!r}: there are {', '.join(PARTS)}")
    return PARTS[name]()
