"""What lies in the modem: storages, listing, reading, deleting, announcing (3GPP TS 27.005, 3.2.2, 3.4, 3.5.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.rig.virtual.modem.commands.table import Commands, Requests, cms
from hil.rig.virtual.modem.memory import STORAGES, Entry

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter


@dataclass
class Reception:
    """Where what comes is kept, and what is said of it."""

    announce_messages: bool = False
    announce_reports: int = 0
    selected: list[str] = field(default_factory=lambda: ["ME", "ME", "ME"])


@dataclass
class Format:
    """PDU mode or text mode."""

    pdu: bool = False


def notice(modem: Interpreter, *, is_report: bool, storage: str, place: int, entry: Entry) -> None:
    """Something was stored: say so if asked to (TS 27.005, 3.4.1)."""
    reception = modem.settings.of(Reception)
    if is_report and reception.announce_reports == 2:
        modem.announce(f'+CDSI: "{storage}",{place}')
    elif is_report and reception.announce_reports == 1:
        modem.announce(f"+CDS: {entry.length}\n{entry.pdu}")
        del modem.memory.storages[storage][place]
    elif not is_report and reception.announce_messages:
        modem.announce(f'+CMTI: "{storage}",{place}')


def _set_announcing(modem: Interpreter, found: re.Match[str]) -> str:
    fields = [int(field) for field in found[1].split(",")]
    reception = modem.settings.of(Reception)
    reception.announce_messages = len(fields) > 1 and fields[1] == 1
    reception.announce_reports = fields[3] if len(fields) > 3 else 0
    return ""


def _select(modem: Interpreter, found: re.Match[str]) -> str:
    names = re.findall(r'"([A-Z]{2})"', found[1])
    if not names or any(name not in STORAGES for name in names):
        raise cms(302)
    selected = modem.settings.of(Reception).selected
    selected[: len(names)] = names
    return "+CPMS: " + ",".join(_filling(modem, name) for name in selected)


def _selection(modem: Interpreter, _found: re.Match[str]) -> str:
    return "+CPMS: " + ",".join(f'"{name}",{_filling(modem, name)}' for name in modem.settings.of(Reception).selected)


def _filling(modem: Interpreter, storage: str) -> str:
    return f"{len(modem.memory.storages[storage])},{modem.personality.capacity[storage]}"


def _storages(_modem: Interpreter, _found: re.Match[str]) -> str:
    group = "(" + ",".join(f'"{name}"' for name in STORAGES) + ")"
    return f"+CPMS: {group},{group},{group}"


def _current(modem: Interpreter) -> dict[int, Entry]:
    return modem.memory.storages[modem.settings.of(Reception).selected[0]]


def _list(modem: Interpreter, found: re.Match[str]) -> str:
    if not modem.settings.of(Format).pdu:
        raise cms(302)
    wanted = int(found[1] or 0)
    lines = []
    for place, entry in sorted(_current(modem).items()):
        if wanted in (4, entry.kind):
            lines.append(f"+CMGL: {place},{entry.kind},,{entry.length}\n{entry.pdu}")
            entry.kind = 1
    return "\n".join(lines)


def _read(modem: Interpreter, found: re.Match[str]) -> str:
    entry = _current(modem).get(int(found[1]))
    if entry is None:
        raise cms(321)
    kind, entry.kind = entry.kind, 1
    return f"+CMGR: {kind},,{entry.length}\n{entry.pdu}"


def _delete(modem: Interpreter, found: re.Match[str]) -> str:
    if _current(modem).pop(int(found[1]), None) is None:
        raise cms(321)
    return ""


def _set_format(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(Format).pdu = found[1] == "0"
    return ""


def _format(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CMGF: {0 if modem.settings.of(Format).pdu else 1}"


COMMANDS: Commands = (
    (r"AT\+CMGF=([01])", _set_format),
    (r"AT\+CMGF\?", _format),
    (r"AT\+CNMI=([\d,]+)", _set_announcing),
    (r"AT\+CPMS=\?", _storages),
    (r"AT\+CPMS\?", _selection),
    (r"AT\+CPMS=(.+)", _select),
    (r"AT\+CMGL(?:=(\d))?", _list),
    (r"AT\+CMGR=(\d+)", _read),
    (r"AT\+CMGD=(\d+)(?:,0)?", _delete),
)
REQUESTS: Requests = {}
