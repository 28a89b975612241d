"""Dialogues with the network (3GPP TS 27.007, 7.15; TS 23.038).

What the network says to a code is set with {"do": "ussd_rules", "rules": {CODE: {...}}}.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem import tpdu
from hil.rig.virtual.modem.commands.general import General
from hil.rig.virtual.modem.commands.table import Commands, Requests, cme, fixed

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

UCS2_SCHEME = 72


@dataclass(frozen=True)
class UssdRule:
    """What the network says to a code."""

    said: int = 0  # <m>; 1: it waits for a reply, which is looked up as the next code
    text: str | None = None
    scheme: int = 15  # <dcs>
    after_s: float = 0.1
    packed: bool = False  # septets in hex, whatever character set is selected
    never: bool = False  # no answer comes
    before_ok: bool = False


@dataclass
class Exchange:
    """The network's side."""

    rules: dict[str, UssdRule] = field(default_factory=dict)
    takes: str = "GSM,UCS2"  # the forms of a code that the modem takes: GSM, UCS2, PACKED
    asked: list[str] = field(default_factory=list)
    cancelled: int = 0
    waiting: list[asyncio.TimerHandle] = field(default_factory=list)


def _ask(modem: Interpreter, found: re.Match[str]) -> str:
    exchange = modem.kept.of(Exchange)
    code = _code(modem, found[1], exchange.takes.split(","))
    exchange.asked.append(code)
    rule = exchange.rules.get(code, UssdRule(said=4))
    if rule.never:
        return ""
    line = _line(modem, rule)
    if rule.before_ok:
        return line
    exchange.waiting.append(asyncio.get_running_loop().call_later(rule.after_s, modem.announce, line))
    return ""


def _code(modem: Interpreter, text: str, takes: list[str]) -> str:
    """The code as the network gets it; a form that this modem does not take is refused (CME 50: bad parameters)."""
    wide = modem.settings.of(General).charset == "UCS2"
    is_hex = bool(re.fullmatch(r"(?:[0-9A-F]{2})+", text)) and "*" not in text and "#" not in text
    if wide and "UCS2" in takes and is_hex:
        return bytes.fromhex(text).decode("utf-16-be")
    if not wide and "GSM" in takes:
        return text
    if not wide and "PACKED" in takes and is_hex:
        return _unpacked(text)
    raise cme(50)


def _line(modem: Interpreter, rule: UssdRule) -> str:
    if rule.text is None:
        return f"+CUSD: {rule.said}"
    return f'+CUSD: {rule.said},"{_shown(modem, rule)}",{rule.scheme}'


def _shown(modem: Interpreter, rule: UssdRule) -> str:
    assert rule.text is not None
    if rule.packed:
        return _packed(rule.text)
    if rule.scheme == UCS2_SCHEME or modem.settings.of(General).charset == "UCS2":
        return rule.text.encode("utf-16-be").hex().upper()
    return bytes(_septets(rule.text)).decode("latin-1")


def _cancel(modem: Interpreter, _found: re.Match[str]) -> str:
    exchange = modem.kept.of(Exchange)
    exchange.cancelled += 1
    for timer in exchange.waiting:
        timer.cancel()
    return ""


def _septets(text: str) -> list[int]:
    """In the GSM alphabet; a letter it has not becomes a question mark, as modems make it."""
    septets: list[int] = []
    for letter in text:
        if letter in tpdu.EXTRA:
            septets += [0x1B, tpdu.EXTRA[letter]]
        else:
            septets.append(tpdu.BASIC.index(letter if letter in tpdu.BASIC else "?"))
    return septets


def _packed(text: str) -> str:
    """Septets in octets, the seven spare bits of full ones filled with CR (TS 23.038, 6.1.2.3.1), in hex."""
    septets = _septets(text)
    if len(septets) % 8 == 7:
        septets.append(0x0D)
    bits = "".join(f"{septet:07b}"[::-1] for septet in septets)
    octets = [int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8)]
    return bytes(octets).hex().upper()


def _unpacked(digits: str) -> str:
    bits = "".join(f"{octet:08b}"[::-1] for octet in bytes.fromhex(digits))
    septets = [int(bits[place : place + 7][::-1], 2) for place in range(0, len(bits) - 6, 7)]
    return "".join(tpdu.BASIC[septet] for septet in septets).removesuffix("\r")


COMMANDS: Commands = (
    (r'AT\+CUSD=1,"([^"]+)"(?:,15)?', _ask),
    (r"AT\+CUSD=2", _cancel),
    (r"AT\+CUSD=[01]", fixed()),
)


def _set_rules(modem: VirtualHardware, request: dict[str, Any]) -> None:
    exchange = modem.memory.kept.of(Exchange)
    exchange.rules = {code: UssdRule(**rule) for code, rule in request["rules"].items()}
    exchange.takes = request.get("takes", "GSM,UCS2")


def _look(modem: VirtualHardware, _request: dict[str, Any]) -> dict[str, Any]:
    exchange = modem.memory.kept.of(Exchange)
    return {"asked": exchange.asked, "cancelled": exchange.cancelled}


REQUESTS: Requests = {"ussd_rules": _set_rules, "look_ussd": _look}
