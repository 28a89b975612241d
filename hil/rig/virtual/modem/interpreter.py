"""The modem's AT command interpreter (3GPP TS 27.007, 27.005), PDU mode only. Settings are lost at power-up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hil.rig.virtual.modem.faults import Armed
from hil.rig.virtual.modem.network import Network
from hil.rig.virtual.modem.tpdu import BadTpdu, Submit, read_submit

ESC, CTRL_Z = 0x1B, 0x1A
STORAGES = ("ME", "SM", "SR")
CAPACITY = 255


@dataclass
class Entry:
    """Something stored. kind 0: received unread, 1: received read."""

    pdu: str
    length: int
    kind: int = 0


@dataclass
class Memory:
    """What outlives power: the storages and the modem's own message reference."""

    storages: dict[str, dict[int, Entry]] = field(default_factory=lambda: {name: {} for name in STORAGES})
    reference: int = 0

    def next_reference(self) -> int:
        """TP-MR is the modem's to choose, and wraps at 8 bits."""
        given = self.reference
        self.reference = (self.reference + 1) % 256
        return given


@dataclass(frozen=True)
class Traits:
    """What kind of modem it is; times in seconds."""

    submit_s: float = 0.05
    accept_at: float = 0.5  # the network has the part after this share of submit_s; the answer comes at its end
    command_s: float = 0.0
    unknown: str = "(?!)"  # regular expression on the commands it answers with ERROR
    keeps_echo: bool = False  # ATE0 changes nothing


class Interpreter:
    """One power-up of the modem: octets in, octets out."""

    def __init__(
        self, memory: Memory, network: Network, armed: Armed, traits: Traits, send: Callable[[bytes], None]
    ) -> None:
        self._memory = memory
        self._network = network
        self._armed = armed
        self._traits = traits
        self._send = send
        self._echo = True
        self._pdu_mode = False
        self._announce_messages = False
        self._announce_reports = 0
        self._selected = ["ME", "ME", "ME"]
        self._line = bytearray()
        self._text: bytearray | None = None  # not None: waiting for the text of a message
        self._length = 0
        self._backlog = bytearray()  # what came while a command was being done
        self._busy: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Power off: a part that the network does not have yet is lost."""
        if self._busy is not None:
            self._busy.cancel()

    def feed(self, octets: bytes) -> None:
        """Take what came from the port."""
        if self._armed.hang:
            return
        for octet in octets:
            if self._busy is not None:
                self._backlog.append(octet)
            elif self._text is not None:
                self._take_text(octet)
            else:
                self._take_command(octet)

    def notice(self, *, is_report: bool, storage: str, place: int, entry: Entry) -> None:
        """Something was stored: say so if asked to (TS 27.005, 3.4.1)."""
        if is_report and self._announce_reports == 2:
            self._say(f'+CDSI: "{storage}",{place}')
        elif is_report and self._announce_reports == 1:
            self._send(f"\r\n+CDS: {entry.length}\r\n{entry.pdu}\r\n".encode())
            del self._memory.storages[storage][place]
        elif not is_report and self._announce_messages:
            self._say(f'+CMTI: "{storage}",{place}')

    # -- octets -------------------------------------------------------------------------------------------------

    def _take_command(self, octet: int) -> None:
        if octet in (0x0D, 0x0A):
            line, self._line = self._line.decode("latin-1").strip(), bytearray()
            if self._echo and octet == 0x0D:
                self._send(b"\r")
            if line:
                self._start(self._obey(line))
        elif octet == ESC:
            self._line.clear()
        else:
            if self._echo:
                self._send(bytes([octet]))
            self._line.append(octet)

    def _take_text(self, octet: int) -> None:
        assert self._text is not None
        if octet == ESC:
            self._text = None
            self._say("OK")
        elif octet == CTRL_Z:
            text, self._text = self._text.decode("latin-1").strip(), None
            self._start(self._submit(text))
        else:
            if self._echo:
                self._send(bytes([octet]))
            self._text.append(octet)

    def _start(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        self._busy = asyncio.get_running_loop().create_task(work)
        self._busy.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy = None
        if not task.cancelled():
            task.result()
            backlog, self._backlog = bytes(self._backlog), bytearray()
            self.feed(backlog)

    def _say(self, line: str) -> None:
        self._send(f"\r\n{line}\r\n".encode())

    # -- commands -----------------------------------------------------------------------------------------------

    async def _obey(self, line: str) -> None:
        await asyncio.sleep(self._traits.command_s)
        command = line.upper()
        for pattern, method in COMMANDS:
            found = None if re.match(self._traits.unknown, command) else re.fullmatch(pattern, command)
            if found:
                answer = method(self, found)
                if answer is not None:
                    self._send("".join(f"\r\n{text}" for text in answer.split("\n")).encode() + b"\r\n")
                return
        self._say("ERROR")

    def _ok(self, _found: re.Match[str]) -> str:
        return "OK"

    def _reset(self, _found: re.Match[str]) -> str:
        self._echo, self._pdu_mode = True, False
        self._announce_messages, self._announce_reports = False, 0
        return "OK"

    def _set_echo(self, found: re.Match[str]) -> str:
        self._echo = found[1] != "0" or self._traits.keeps_echo
        return "OK"

    def _set_format(self, found: re.Match[str]) -> str:
        self._pdu_mode = found[1] == "0"
        return "OK"

    def _format(self, _found: re.Match[str]) -> str:
        return f"+CMGF: {0 if self._pdu_mode else 1}\nOK"

    def _set_announcing(self, found: re.Match[str]) -> str:
        fields = [int(field) for field in found[1].split(",")]
        self._announce_messages = len(fields) > 1 and fields[1] == 1
        self._announce_reports = fields[3] if len(fields) > 3 else 0
        return "OK"

    def _select(self, found: re.Match[str]) -> str:
        names = re.findall(r'"([A-Z]{2})"', found[1])
        if not names or any(name not in STORAGES for name in names):
            return "+CMS ERROR: 302"
        self._selected[: len(names)] = names
        return "+CPMS: " + ",".join(f"{self._used(name)},{CAPACITY}" for name in self._selected) + "\nOK"

    def _selection(self, _found: re.Match[str]) -> str:
        return "+CPMS: " + ",".join(f'"{name}",{self._used(name)},{CAPACITY}' for name in self._selected) + "\nOK"

    def _storages(self, _found: re.Match[str]) -> str:
        group = "(" + ",".join(f'"{name}"' for name in STORAGES) + ")"
        return f"+CPMS: {group},{group},{group}\nOK"

    def _used(self, storage: str) -> int:
        return len(self._memory.storages[storage])

    def _current(self) -> dict[int, Entry]:
        return self._memory.storages[self._selected[0]]

    def _list(self, found: re.Match[str]) -> str:
        if not self._pdu_mode:
            return "+CMS ERROR: 302"
        wanted = int(found[1] or 0)
        lines = []
        for place, entry in sorted(self._current().items()):
            if wanted in (4, entry.kind):
                lines.append(f"+CMGL: {place},{entry.kind},,{entry.length}\n{entry.pdu}\n")
                entry.kind = 1
        return "".join(lines) + "OK"

    def _read(self, found: re.Match[str]) -> str:
        entry = self._current().get(int(found[1]))
        if entry is None:
            return "+CMS ERROR: 321"
        kind, entry.kind = entry.kind, 1
        return f"+CMGR: {kind},,{entry.length}\n{entry.pdu}\nOK"

    def _delete(self, found: re.Match[str]) -> str:
        return "OK" if self._current().pop(int(found[1]), None) else "+CMS ERROR: 321"

    def _begin_submit(self, found: re.Match[str]) -> str | None:
        if not self._pdu_mode:
            return "+CMS ERROR: 302"
        self._length = int(found[1])
        self._text = bytearray()
        if not self._armed.take("lost_prompt"):
            self._send(b"\r\n> ")
        return None

    async def _submit(self, text: str) -> None:
        try:
            submit = read_submit(text, self._length)
        except BadTpdu:
            self._say("+CMS ERROR: 304")
            return
        if self._armed.take("refuse"):
            await asyncio.sleep(self._traits.submit_s)
            self._say(f"+CMS ERROR: {self._armed.refuse_code}")
            return
        await asyncio.sleep(self._traits.submit_s * self._traits.accept_at)
        reference = self._hand_over(submit)
        await asyncio.sleep(self._traits.submit_s * (1 - self._traits.accept_at))
        if self._armed.take("lost_answer"):
            return
        if self._armed.take("error_500_accepted"):
            self._say("+CMS ERROR: 500")
            return
        self._say(f"+CMGS: {reference}")
        self._say("OK")

    def _hand_over(self, submit: Submit) -> int:
        reference = self._memory.next_reference()
        self._network.accept(submit, reference)
        return reference


def _fixed(answer: str) -> Callable[[Interpreter, re.Match[str]], str]:
    return lambda _interpreter, _found: answer


COMMANDS: tuple[tuple[str, Callable[[Interpreter, re.Match[str]], str | None]], ...] = (
    (r"AT", Interpreter._ok),
    (r"ATZ|AT&F", Interpreter._reset),
    (r"ATE(\d)?", Interpreter._set_echo),
    (r"AT\+CMEE=[0-2]", Interpreter._ok),
    (r"AT\+CMGF=([01])", Interpreter._set_format),
    (r"AT\+CMGF\?", Interpreter._format),
    (r"AT\+CSCS=\?", _fixed('+CSCS: ("GSM","UCS2")\nOK')),
    (r"AT\+CSCS\?", _fixed('+CSCS: "GSM"\nOK')),
    (r"AT\+CSCS=.*", Interpreter._ok),
    (r"AT\+CNMI=([\d,]+)", Interpreter._set_announcing),
    (r"AT\+CPMS=\?", Interpreter._storages),
    (r"AT\+CPMS\?", Interpreter._selection),
    (r"AT\+CPMS=(.+)", Interpreter._select),
    (r"AT\+CMGL(?:=(\d))?", Interpreter._list),
    (r"AT\+CMGR=(\d+)", Interpreter._read),
    (r"AT\+CMGD=(\d+)(?:,0)?", Interpreter._delete),
    (r"AT\+CMGS=(\d+)", Interpreter._begin_submit),
    (r"AT\+CSQ", _fixed("+CSQ: 21,99\nOK")),
    (r"AT\+CREG\?", _fixed("+CREG: 0,1\nOK")),
    (r"AT\+COPS\?", _fixed('+COPS: 0,0,"Virtuel",7\nOK')),
    (r"AT\+CGMI", _fixed("Repli\nOK")),
    (r"AT\+CGMM", _fixed("Modem virtuel\nOK")),
    (r"AT\+CGSN", _fixed("490154203237518\nOK")),
    (r"AT\+CPIN\?", _fixed("+CPIN: READY\nOK")),
    (r"AT\+CSCA\?", _fixed('+CSCA: "+33609001390",145\nOK')),
    (r"ATI", _fixed("Repli Modem virtuel\nOK")),
)
