"""What comes: where it goes and what is said of it (3GPP TS 27.005, 3.2.1, 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.rig.virtual.modem.commands.general import General
from hil.rig.virtual.modem.commands.table import Commands, Requests, cms, fixed
from hil.rig.virtual.modem.memory import Entry, Incoming

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter

BUFFERED_MAX = 64
ACKNOWLEDGE_S = 2.0  # a real network waits some 20 s for it

LEGAL = ((0, 1, 2), (0, 1, 2, 3), (0, 2), (0, 1, 2), (0, 1))


@dataclass
class Routing:
    """AT+CNMI and AT+CSMS."""

    mode: int = 0  # 0: keep notices back; 1, 2: say them
    mt: int = 0  # messages: 0 stored, 1 stored and announced, 2 pushed
    bm: int = 0
    ds: int = 0  # reports: 0 not wanted, 1 pushed, 2 stored and announced
    bfr: int = 0  # what becomes of what was kept back: 0 said, 1 forgotten
    service: int = 0  # 1: phase 2+, what is pushed wants AT+CNMA
    kept_back: list[str] = field(default_factory=list)
    unacknowledged: list[Incoming] = field(default_factory=list)


def arrive(modem: Interpreter, what: Incoming) -> bool:
    """The network brings something. False: not taken, the network keeps it and tries again."""
    if not modem.sms_ready or modem.armed.hang:
        return False
    routing = modem.settings.of(Routing)
    if what.is_report:
        if routing.ds == 1:
            return _push(modem, f"+CDS: {what.length}", what)
        if routing.ds == 0 and modem.traits.drops_unrouted:
            return True
        storage = modem.traits.reports_in or modem.personality.reports_in
        return keep(modem, storage, what, "+CDSI" if routing.ds == 2 else None)
    if routing.mt == 2:
        return _push(modem, f"+CMT: ,{what.length}", what)
    storage = modem.selected[2]
    return keep(modem, storage, what, "+CMTI" if routing.mt else None)


def keep(modem: Interpreter, storage: str, what: Incoming, notice: str | None) -> bool:
    """Store it and say so. False when there is no room."""
    places = modem.places(storage)
    place = modem.memory.put(storage, Entry(what.pdu, what.length), places)
    if place is None:
        return False
    if notice:
        _say(modem, f'{notice}: "{storage}",{place}')
    if len(modem.memory.storages[storage]) >= len(places):
        _say_full(modem, storage)
    return True


def _say_full(modem: Interpreter, storage: str) -> None:
    full, switch = modem.personality.full, modem.personality.full_wants
    if full and (switch is None or modem.settings.of(General).indications.get(switch)):
        modem.announce(full.format(storage=storage))


def _push(modem: Interpreter, header: str, what: Incoming) -> bool:
    """Hand it over the line: where nobody listens it is lost, unless the line has to acknowledge it."""
    _say(modem, f"{header}\n{what.pdu}")
    routing = modem.settings.of(Routing)
    if routing.service == 1:
        routing.unacknowledged.append(what)
        modem.later(ACKNOWLEDGE_S, _not_acknowledged, modem, what)
    return True


def _not_acknowledged(modem: Interpreter, what: Incoming) -> None:
    """TS 27.005, 3.4.1: mt and ds go to 0, and the network keeps the message."""
    routing = modem.settings.of(Routing)
    if what in routing.unacknowledged:
        routing.unacknowledged.remove(what)
        routing.mt = routing.ds = 0
        modem.network.take_back(what)


def _say(modem: Interpreter, lines: str) -> None:
    routing = modem.settings.of(Routing)
    if routing.mode == 0:
        routing.kept_back = [*routing.kept_back, lines][-BUFFERED_MAX:]
    else:
        modem.announce(lines)


def _route(modem: Interpreter, found: re.Match[str]) -> str:
    given = [int(value or 0) for value in found[1].split(",")]
    values = [*given, 0, 0, 0, 0, 0][: len(LEGAL)]
    if len(given) > len(LEGAL) or any(value not in legal for value, legal in zip(values, LEGAL, strict=True)):
        raise cms(303)
    routing = modem.settings.of(Routing)
    routing.mode, routing.mt, routing.bm, routing.ds, routing.bfr = values
    if routing.mode:
        kept_back, routing.kept_back = routing.kept_back, []
        for lines in [] if routing.bfr else kept_back:
            modem.later(0, modem.announce, lines)  # after the OK
    return ""


def _routing(modem: Interpreter, _found: re.Match[str]) -> str:
    routing = modem.settings.of(Routing)
    return f"+CNMI: {routing.mode},{routing.mt},{routing.bm},{routing.ds},{routing.bfr}"


def _legal(_modem: Interpreter, _found: re.Match[str]) -> str:
    return "+CNMI: " + ",".join("(" + ",".join(map(str, legal)) + ")" for legal in LEGAL)


def _set_service(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(Routing).service = int(found[1])
    return "+CSMS: 1,1,1"


def _service(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CSMS: {modem.settings.of(Routing).service},1,1,1"


def _acknowledge(modem: Interpreter, _found: re.Match[str]) -> str:
    waiting = modem.settings.of(Routing).unacknowledged
    if not waiting:
        raise cms(340)
    waiting.pop(0)
    return ""


COMMANDS: Commands = (
    (r"AT\+CNMI=([\d,]+)", _route),
    (r"AT\+CNMI\?", _routing),
    (r"AT\+CNMI=\?", _legal),
    (r"AT\+CSMS=([01])", _set_service),
    (r"AT\+CSMS\?", _service),
    (r"AT\+CSMS=\?", fixed("+CSMS: (0,1)")),
    (r"AT\+CNMA(?:=[012])?", _acknowledge),
)
REQUESTS: Requests = {}
