"""The data bearer (3GPP TS 27.007, 10), and how SIM7600 and EC25 connect their network interface.

What the operator wants is set with {"do": "operator"}; with a peer, the other end of the interface goes up and down.
"""

from __future__ import annotations

import fcntl
import re
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem.commands.calls import Line
from hil.rig.virtual.modem.commands.table import Commands, Refused, Requests, cme

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
MAKERS = {"$QCRMCALL": "sim7600", "CGAUTH": "sim7600", "QNETDEVCTL": "ec25", "QICSGP": "ec25"}
ADDRESS = "10.20.30.40"
REJECTIONS = {
    "apn": "Missing or unknown APN",
    "authentication": "User authentication failed",
    "subscription": "Requested service option not subscribed",
}


@dataclass
class Operator:
    """What the network wants to hear, and what it heard."""

    apn: str = "internet"
    auth: tuple[int, str, str] = (0, "", "")  # 0, 1 PAP, 2 CHAP; name; password
    refuse: str = ""  # one of REJECTIONS, whatever is asked
    silent: int = 0  # connections that are asked for and never answered
    peer: str = ""  # the other end of the modem's network interface
    dials: int = 0


@dataclass
class Context:
    """Context 1; the modem keeps it over power-ups."""

    pdp_type: str = "IP"
    apn: str = ""
    auth: tuple[int, str, str] = (0, "", "")


@dataclass
class Connection:
    """Lost at power-up."""

    attached: bool = True
    up: bool = False
    reports: bool = False


def _define(modem: Interpreter, found: re.Match[str]) -> str:
    context = modem.kept.of(Context)
    context.pdp_type, context.apn = found[1], found[2]
    return ""


def _defined(modem: Interpreter, _found: re.Match[str]) -> str:
    context = modem.kept.of(Context)
    return f'+CGDCONT: 1,"{context.pdp_type}","{context.apn}","0.0.0.0",0,0'


def _authenticate(modem: Interpreter, found: re.Match[str]) -> str:
    """SIMCom takes the password before the name."""
    _want_maker(modem, "CGAUTH", plain=True)
    first, second = found[2] or "", found[3] or ""
    user, password = (second, first) if modem.traits.personality == "sim7600" else (first, second)
    modem.kept.of(Context).auth = (int(found[1]), user, password)
    return ""


def _authenticate_quectel(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, "QICSGP")
    context = modem.kept.of(Context)
    context.pdp_type = {"1": "IP", "2": "IPV6", "3": "IPV4V6"}[found[1]]
    context.apn, context.auth = found[2], (int(found[5]), found[3], found[4])
    return ""


def _want_maker(modem: Interpreter, name: str, *, plain: bool = False) -> None:
    if modem.traits.personality not in (MAKERS[name], "plain" if plain else MAKERS[name]):
        raise Refused


def _attach(modem: Interpreter, found: re.Match[str]) -> str:
    connection = modem.settings.of(Connection)
    connection.attached = found[1] == "1"
    if not connection.attached:
        _set(modem, up=False)
    return ""


def _connect(modem: Interpreter, found: re.Match[str]) -> str | None:
    """All three commands that do it: the number first is 1 for up."""
    if found[1] in MAKERS:
        _want_maker(modem, found[1])
    if found[2] == "0":
        _set(modem, up=False)
        return ""
    operator, context = modem.kept.of(Operator), modem.kept.of(Context)
    operator.dials += 1
    if operator.silent:
        operator.silent -= 1
        return None
    wrong = "apn" if context.apn != operator.apn else "authentication" if context.auth != operator.auth else ""
    rejection = operator.refuse or wrong
    if rejection or not modem.settings.of(Connection).attached:
        modem.kept.of(Line).cause = REJECTIONS.get(rejection, "PS detached")
        raise cme(148)
    _set(modem, up=True)
    return ""


def _set(modem: Interpreter, *, up: bool) -> None:
    modem.settings.of(Connection).up = up
    _show(modem.kept.of(Operator).peer, up=up)


def _show(peer: str, *, up: bool) -> None:
    """The carrier of a veth is its other end's being up (netdevice(7))."""
    if peer:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            name = peer.encode()
            _, flags = struct.unpack("16sH", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sH", name, 0)))
            flags = flags | IFF_UP if up else flags & ~IFF_UP
            fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH", name, flags))


def _connected(modem: Interpreter, found: re.Match[str]) -> str:
    name, up = found[1], modem.settings.of(Connection).up
    if name in MAKERS:
        _want_maker(modem, name)
    if name == "$QCRMCALL":
        return "$QCRMCALL: 1, V4" if up else ""
    if name == "QNETDEVCTL":
        return f"+QNETDEVCTL: 1,1,1,{int(up)}"
    # The context of the attach is active by itself where the interface is connected by a command of its own.
    attached = modem.settings.of(Connection).attached and modem.traits.personality != "plain"
    return f"+CGACT: 1,{int(up or attached)}"


def _address(modem: Interpreter, _found: re.Match[str]) -> str:
    return f'+CGPADDR: 1,"{ADDRESS if modem.settings.of(Connection).up else "0.0.0.0"}"'


def _report(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(Connection).reports = found[1] != "0"
    return ""


COMMANDS: Commands = (
    (r'AT\+CGDCONT=1,"(IP|IPV6|IPV4V6)","([^"]*)"', _define),
    (r"AT\+CGDCONT\?", _defined),
    (r'AT\+CGAUTH=1,([012])(?:,"([^"]*)","([^"]*)")?', _authenticate),
    (r'AT\+QICSGP=1,([123]),"([^"]*)","([^"]*)","([^"]*)",([012])', _authenticate_quectel),
    (r"AT\+CGATT=([01])", _attach),
    (r"AT(\$QCRMCALL)=([01]),1", _connect),
    (r"AT\+(QNETDEVCTL)=([01]),1,1", _connect),
    (r"AT\+(CGACT)=([01]),1", _connect),
    (r"AT(\$QCRMCALL)\?", _connected),
    (r"AT\+(QNETDEVCTL|CGACT)\?", _connected),
    (r"AT\+CGPADDR=1", _address),
    (r"AT\+CGEREP=([012])(?:,[01])?", _report),
)


def _set_operator(modem: VirtualHardware, request: dict[str, Any]) -> None:
    operator = modem.memory.kept.of(Operator)
    for name, value in request.items():
        if name != "do":
            setattr(operator, name, tuple(value) if name == "auth" else value)
    _show(operator.peer, up=False)


def _take_away(modem: VirtualHardware, request: dict[str, Any]) -> None:
    """The network ends the bearer; {"silent": true}: and nobody says so."""
    if modem.interpreter is None:
        raise ValueError("unplugged")
    _set(modem.interpreter, up=False)
    if modem.interpreter.settings.of(Connection).reports and not request.get("silent"):
        modem.interpreter.announce("+CGEV: NW PDN DEACT 1")


def _look(modem: VirtualHardware, _request: dict[str, Any]) -> dict[str, Any]:
    context, operator = modem.memory.kept.of(Context), modem.memory.kept.of(Operator)
    up = modem.interpreter is not None and modem.interpreter.settings.of(Connection).up
    return {
        "up": up,
        "apn": context.apn,
        "pdp_type": context.pdp_type,
        "auth": list(context.auth),
        "dials": operator.dials,
    }


REQUESTS: Requests = {"operator": _set_operator, "drop_bearer": _take_away, "look_bearer": _look}
