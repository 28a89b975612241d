"""The modem daemon and virtual modems in one REPLI_ROOT, without a town: what tests and figures are made with."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.shared.messages.common import STATUS, Issue
from edge.shared.messages.modem import (
    INBOX,
    LIST,
    MODEM,
    OUTBOX,
    SEND,
    WITHDRAW,
    InboundSms,
    InboxParams,
    Modem,
    OutboxEntry,
    OutboxParams,
    SegmentState,
    SendParams,
    SendResult,
    SmsSeverity,
    WithdrawParams,
    WithdrawResult,
)
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams
from hil.rig.daemon import DaemonProcess, LocalRoot
from hil.rig.virtual.modem.client import Accepted, ModemNotServing, VirtualModem
from hil.rig.virtual.modem.handsets import Rule

SETTINGS = {"report_window_s": 4.0, "command_timeout_s": 1.0, "submit_timeout_s": 1.5, "reconnect_max_s": 1.0}


class TooLong(Exception):
    """What was waited for did not come."""


@dataclass
class ModemBench:
    """One appliance's modem daemon with as many virtual modems as asked for."""

    root: LocalRoot
    modems: list[VirtualModem] = field(default_factory=list)
    _panel: subprocess.Popen[bytes] | None = None

    def add_modem(self, *, rules: Sequence[Rule] = (), options: Sequence[str] = ()) -> VirtualModem:
        """Start another virtual modem."""
        modem = VirtualModem(self.root.folder, f"m{len(self.modems) + 1}", rules=rules, options=options)
        self.modems.append(modem)
        modem.start()
        return modem

    def write_site(
        self, devices: Sequence[str] = (), *, recipients_per_month: int | None = None, each: str = "", **settings: float
    ) -> None:
        """site.toml with these devices, or those of the virtual modems, and impatient times; each: TOML of every device."""
        cap = "" if recipients_per_month is None else f"recipients_per_month = {recipients_per_month}\n"
        values = "\n".join(f"{name} = {value}" for name, value in {**SETTINGS, **settings}.items())
        paths = devices or [str(modem.link) for modem in self.modems]
        entries = "\n".join(
            f'[[modem.devices]]\nname = "m{number}"\ndevice = "{path}"\n{cap}{each}'
            for number, path in enumerate(paths, start=1)
        )
        self.root.write_site(f"[modem]\n{values}\n{entries}\n")

    def serve_panel(self) -> None:
        """A board that can take the power of the modems there are now."""
        switches = [option for modem in self.modems for option in ("--switch", f"{modem.name}={modem.control}")]
        paths = ["--socket", str(self.root.paths.socket("panel")), "--log", str(self.panel_log)]
        argv = [sys.executable, "-m", "hil.rig.virtual.panel", *paths, *switches]
        self._panel = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert self._panel.stdout is not None
        if not self._panel.stdout.readline():
            raise ModemNotServing("the panel ended")

    @property
    def panel_log(self) -> Path:
        """What was asked of the panel: JSON lines."""
        return self.root.folder / "panel.jsonl"

    def start(self) -> DaemonProcess:
        """Start the daemon, or start it again."""
        return self.root.start("modem")

    def kill(self) -> None:
        """SIGKILL to the daemon."""
        self.root.running["modem"].kill()

    def stop(self) -> None:
        """End the modems; the daemon ends with the root."""
        for modem in self.modems:
            modem.stop()
        if self._panel is not None:
            self._panel.terminate()
            self._panel.wait(10)

    # -- asking the daemon --------------------------------------------------------------------------------------

    def send(
        self,
        number: str,
        text: str,
        request_id: str,
        severity: SmsSeverity = SmsSeverity.ROUTINE,
        validity_s: int | None = None,
    ) -> SendResult:
        """Send. Raises CallFailed."""
        params = SendParams(number=number, text=text, request_id=request_id, severity=severity, validity_s=validity_s)
        return asyncio.run(call_once(MODEM, self._socket, SEND, params))

    def withdraw(self, *messages: int, request_ids: Sequence[str] = (), beginning: str | None = None) -> WithdrawResult:
        """Take messages back. Raises CallFailed, Unreachable."""
        params = WithdrawParams(messages=list(messages), request_ids=list(request_ids), beginning=beginning)
        return asyncio.run(call_once(MODEM, self._socket, WITHDRAW, params))

    def outbox(self) -> list[OutboxEntry]:
        """Every message, newest first."""
        return asyncio.run(call_once(MODEM, self._socket, OUTBOX, OutboxParams(limit=10_000))).messages

    def inbox(self) -> list[InboundSms]:
        """Every message received, oldest first."""
        return asyncio.run(call_once(MODEM, self._socket, INBOX, InboxParams())).messages

    def listed(self) -> list[Modem]:
        """The modems."""
        return asyncio.run(call_once(MODEM, self._socket, LIST, NoParams())).modems

    def issues(self) -> list[Issue]:
        """What the daemon says is wrong."""
        return asyncio.run(call_once(MODEM, self._socket, STATUS, NoParams())).issues

    def states(self) -> list[SegmentState]:
        """The state of every part."""
        return [segment.state for message in self.outbox() for segment in message.segments]

    def wait_all(self, state: SegmentState = SegmentState.DELIVERED, *, within: float = 60.0) -> None:
        """Return when every part is in this state. Raises TooLong."""
        self.wait(lambda: set(self.states()) == {state}, within=within)

    def wait(self, condition: Callable[[], bool], *, within: float = 30.0) -> None:
        """Return when the condition is true. Raises TooLong with the outbox and the daemon's log."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                log = self.root.running["modem"].log.read_text()
                raise TooLong(f"{self.outbox()}\n{self.listed()}\n{log[-6000:]}")
            time.sleep(0.05)

    def accepted(self) -> list[Accepted]:
        """What the networks of all modems accepted, in order."""
        return sorted((line for modem in self.modems for line in modem.log()), key=lambda line: line.monotonic_ns)

    @property
    def _socket(self) -> Path:
        return self.root.paths.socket("modem")
