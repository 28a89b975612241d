"""What lies in the modem: storages, listing, reading, writing, deleting (3GPP TS 27.005, 3.2.2, 3.2.3, 3.4, 3.5.3, 3.5.4)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.rig.virtual.modem.commands.table import Answer, Commands, Requests, cms, fixed
from hil.rig.virtual.modem.memory import READ, SENT, UNREAD, UNSENT, Entry

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter

ALL = 4
# AT+CMGD=<index>,<flag>: which kinds go besides the index (TS 27.005, 3.5.4).
DELETED_BY_FLAG = {1: (READ,), 2: (READ, SENT), 3: (READ, SENT, UNSENT), 4: (READ, SENT, UNSENT, UNREAD)}


@dataclass
class Selection:
    """AT+CPMS: the storages for reading, for writing, and for what is received."""

    names: list[str] = field(default_factory=list)  # empty: as at power-up


@dataclass
class Format:
    """AT+CMGF: PDU mode or text mode; None: as the make has it at power-up."""

    pdu: bool | None = None


def selected(modem: Interpreter) -> list[str]:
    """The three storages in use."""
    return modem.settings.of(Selection).names or [modem.traits.storage or modem.storages[0]] * 3


def want_pdu_mode(modem: Interpreter) -> None:
    """Raises Refused in text mode."""
    if not _is_pdu(modem):
        raise cms(302)


def _is_pdu(modem: Interpreter) -> bool:
    chosen = modem.settings.of(Format).pdu
    return modem.personality.pdu_mode if chosen is None else chosen


def _select(modem: Interpreter, found: re.Match[str]) -> str:
    names = re.findall(r'"([A-Z]{2})"', found[1].upper())
    if not 1 <= len(names) <= 3 or any(name not in modem.storages for name in names):
        raise cms(302)
    modem.settings.of(Selection).names = [*names, *selected(modem)[len(names) :]]
    return "+CPMS: " + ",".join(_filling(modem, name) for name in selected(modem))


def _selection(modem: Interpreter, _found: re.Match[str]) -> str:
    return "+CPMS: " + ",".join(f'"{name}",{_filling(modem, name)}' for name in selected(modem))


def _filling(modem: Interpreter, storage: str) -> str:
    return f"{len(modem.memory.storages[storage])},{len(modem.places(storage))}"


def _storages(modem: Interpreter, _found: re.Match[str]) -> str:
    group = "(" + ",".join(f'"{name}"' for name in modem.storages) + ")"
    return f"+CPMS: {group},{group},{group}"


def _current(modem: Interpreter) -> dict[int, Entry]:
    return modem.memory.storages[selected(modem)[0]]


async def _work(modem: Interpreter, seconds: float) -> None:
    modem.memory.worked_s += seconds
    await asyncio.sleep(seconds)


async def _list(modem: Interpreter, found: re.Match[str]) -> str:
    want_pdu_mode(modem)
    wanted = int(found[1] or UNREAD)
    entries = [(place, entry) for place, entry in sorted(_current(modem).items()) if wanted in (ALL, entry.kind)]
    await _work(modem, modem.traits.list_s * len(entries))
    lines = []
    for place, entry in entries:
        lines.append(f"+CMGL: {place},{entry.kind},,{entry.length}\n{entry.pdu}")
        _mark_read(entry)
    return "\n".join(lines)


def _read(modem: Interpreter, found: re.Match[str]) -> str:
    want_pdu_mode(modem)
    entry = _current(modem).get(int(found[1]))
    if entry is None:
        raise cms(321)
    kind = entry.kind
    _mark_read(entry)
    return f"+CMGR: {kind},,{entry.length}\n{entry.pdu}"


def _mark_read(entry: Entry) -> None:
    if entry.kind == UNREAD:
        entry.kind = READ


async def _delete(modem: Interpreter, found: re.Match[str]) -> str:
    await _work(modem, modem.traits.delete_s)
    entries, place, flag = _current(modem), int(found[1]), int(found[2] or 0)
    if flag == 0 and place not in entries:
        raise cms(321)
    gone = [place] if flag == 0 else [at for at, entry in entries.items() if entry.kind in DELETED_BY_FLAG[flag]]
    for at in gone:
        del entries[at]
    if gone:
        modem.network.room_again()
    return ""


def _deletable(modem: Interpreter, _found: re.Match[str]) -> str:
    return "+CMGD: (" + ",".join(map(str, sorted(_current(modem)))) + "),(0-4)"


def _write(modem: Interpreter, found: re.Match[str]) -> Answer:
    want_pdu_mode(modem)
    length, kind, storage = int(found[1]), int(found[2] or UNSENT), selected(modem)[1]

    async def store(text: str) -> Answer:
        place = modem.memory.put(storage, Entry(text.upper(), length, kind), modem.places(storage))
        if place is None:
            raise cms(322)
        return f"+CMGW: {place}"

    modem.ask_for_text(store)
    return None


def _set_format(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(Format).pdu = found[1] == "0"
    return ""


def _format(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CMGF: {0 if _is_pdu(modem) else 1}"


COMMANDS: Commands = (
    (r"AT\+CMGF=([01])", _set_format),
    (r"AT\+CMGF\?", _format),
    (r"AT\+CMGF=\?", fixed("+CMGF: (0,1)")),
    (r"AT\+CPMS=\?", _storages),
    (r"AT\+CPMS\?", _selection),
    (r"AT\+CPMS=(.+)", _select),
    (r"AT\+CMGL=\?", fixed("+CMGL: (0-4)")),
    (r"AT\+CMGL(?:=([0-4]))?", _list),
    (r"AT\+CMGR=(\d+)", _read),
    (r"AT\+CMGD=(\d+)(?:,([0-4]))?", _delete),
    (r"AT\+CMGD=\?", _deletable),
    (r"AT\+CMGW=(\d+)(?:,([0-3]))?", _write),
)
REQUESTS: Requests = {}
