"""Calls (3GPP TS 27.007, 6.3, 6.5, 7.11, 7.18; ITU-T V.250, 6.3), as SIM7600 and EC25 speak of them.

What the other end does with a call is set with {"do": "call_rules"}; what goes wrong with {"do": "call_faults"}.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem.commands.general import General
from hil.rig.virtual.modem.commands.table import Commands, Refused, Requests, cme, fixed

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

ACTIVE, HELD, DIALLING, ALERTING, INCOMING, WAITING = range(6)
ALERT_S, RELEASE_S, RING_EVERY_S = 0.1, 0.2, 3.0
# What is said when a call that was dialled comes to nothing, and what AT+CEER says then.
FAILURES = {
    "busy": ("BUSY", "User busy"),
    "no_answer": ("NO ANSWER", "User alerting, no answer"),
    "reject": ("NO CARRIER", "Call rejected"),
    "bad_number": ("NO CARRIER", "Unassigned (unobtainable) number"),
    "unreachable": ("NO CARRIER", "Destination out of order"),
    "no_service": ("NO CARRIER", "No network service"),
}
NORMAL = "Normal call clearing"


@dataclass(frozen=True)
class CallRule:
    """What the telephone of this number (a regular expression) does."""

    number: str = ".*"
    does: str = "answer"  # or one of FAILURES
    after_s: float = 0.3
    lasts_s: float | None = None  # then it hangs up; absent: never
    keys: str = ""  # pressed there once it answered


@dataclass
class Faults:
    """How often each strikes from now on."""

    no_end: int = 0  # a call ends without a word
    dial_hangs: int = 0  # ATD is never answered, and nothing dialled
    dial_unsaid: int = 0  # ATD is never answered, and dialled all the same
    no_chup: int = 0  # AT+CHUP answers OK and does nothing
    no_sms: bool = False  # as long as there is a call no message is taken


@dataclass
class Settings:
    """Lost at power-up."""

    clip: bool = False
    hears_keys: bool = False
    ath_hangs_up: bool = False  # AT+CVHU=0; as delivered ATH says OK and does nothing


@dataclass
class Call:
    """One call in progress."""

    place: int
    incoming: bool
    number: str
    stat: int
    begun: float = 0.0
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def entry(self) -> str:
        """As the list shows it."""
        kind = 145 if self.number.startswith("+") else 129 if self.number else 128
        return f'{self.place},{int(self.incoming)},{self.stat},0,0,"{self.number.removeprefix("+")}",{kind}'


@dataclass
class Line:
    """The telephone line of one SIM; calls end with the power-up they belong to."""

    rules: list[CallRule] = field(default_factory=lambda: [CallRule()])
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)
    owner: Any = None
    cause: str = "No cause information available"
    free_at: float = 0.0
    dialled: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)  # by the modem
    keys: str = ""  # heard at the other end


def _line(modem: Interpreter) -> Line:
    line = modem.kept.of(Line)
    if line.owner is not modem:
        for call in line.calls:
            _stop(call)
        line.owner, line.calls = modem, []
    return line


def forbids_sms(modem: Interpreter) -> bool:
    """Whether a call keeps messages from being sent now."""
    line = _line(modem)
    return line.faults.no_sms and bool(line.calls)


def _is_quectel(modem: Interpreter) -> bool:
    return modem.traits.personality == "ec25"


def _tells_calls(modem: Interpreter) -> bool:
    """Whether Quectel's +QIND: "ccinfo" is on."""
    return _is_quectel(modem) and modem.settings.of(General).indications.get("ccinfo", False)


def _stop(call: Call) -> None:
    for timer in call.timers:
        timer.cancel()
    call.timers.clear()


def _later(modem: Interpreter, call: Call, seconds: float, do: Any, *what: Any) -> None:
    call.timers.append(asyncio.get_running_loop().call_later(seconds, do, modem, call, *what))


def _take(line: Line, fault: str) -> bool:
    left: int = getattr(line.faults, fault)
    setattr(line.faults, fault, max(0, left - 1))
    return left > 0


# -- the course of a call ---------------------------------------------------------------------------------------


def _move(modem: Interpreter, call: Call, stat: int) -> None:
    call.stat = stat
    if _tells_calls(modem):
        modem.announce(f'+QIND: "ccinfo",{call.entry()}')


def _connected(modem: Interpreter, call: Call) -> None:
    call.begun = asyncio.get_running_loop().time()
    _move(modem, call, ACTIVE)
    if not _is_quectel(modem):
        modem.announce("VOICE CALL: BEGIN")


def _answered_there(modem: Interpreter, call: Call, rule: CallRule) -> None:
    _connected(modem, call)
    for place, key in enumerate(rule.keys, start=1):
        _later(modem, call, 0.1 * place, _key_from_there, key)
    if rule.lasts_s is not None:
        _later(modem, call, rule.lasts_s, _over, NORMAL)


def _key_from_there(modem: Interpreter, _call: Call, key: str) -> None:
    if modem.settings.of(Settings).hears_keys:
        modem.announce(f"+QTONEDET: {ord(key)}" if _is_quectel(modem) else f"+RXDTMF: {key}")


def _over(modem: Interpreter, call: Call, cause: str, said: str = "NO CARRIER") -> None:
    """It ended there, or in the network."""
    line = _line(modem)
    _remove(line, call, cause)
    if _take(line, "no_end"):
        return
    for text in _obituary(modem, call, said):
        modem.announce(text)


def _remove(line: Line, call: Call, cause: str) -> None:
    _stop(call)
    line.calls.remove(call)
    line.cause = cause
    line.free_at = asyncio.get_running_loop().time() + RELEASE_S


def _obituary(modem: Interpreter, call: Call, said: str | None) -> Sequence[str]:
    """said: the result code; none when we hung up ourselves."""
    if _is_quectel(modem):
        ended = [f'+QIND: "ccinfo",{call.entry().replace(f",{call.stat},0,0,", ",-1,0,0,", 1)}']
        return [*(ended if _tells_calls(modem) else []), *([said] if said else [])]
    lasted = int(asyncio.get_running_loop().time() - call.begun) if call.begun else 0
    texts = [f"VOICE CALL: END: {lasted:06d}"] if call.begun or call.stat != INCOMING else []
    if call.stat == INCOMING and said:
        texts.append(f"MISSED_CALL: 08:48AM {call.number}")
    return [*texts, *([said] if said else [])]


def _ring(modem: Interpreter, call: Call) -> None:
    modem.announce("RING")
    if modem.settings.of(Settings).clip:
        number = call.number.removeprefix("+")
        kind = 145 if call.number.startswith("+") else 129 if number else 128
        modem.announce(f'+CLIP: "{number}",{kind},,,,{0 if number else 1}')
    _later(modem, call, RING_EVERY_S, _ring)


# -- commands ---------------------------------------------------------------------------------------------------


def _dial(modem: Interpreter, found: re.Match[str]) -> str | None:
    line = _line(modem)
    if _take(line, "dial_hangs"):
        return None
    if line.calls or asyncio.get_running_loop().time() < line.free_at:
        raise cme(3)
    rule = next((rule for rule in line.rules if re.fullmatch(rule.number, found[1])), CallRule())
    call = Call(1, False, found[1], DIALLING)
    line.calls.append(call)
    line.dialled.append(found[1])
    _later(modem, call, ALERT_S, _move, ALERTING)
    if rule.does == "answer":
        _later(modem, call, ALERT_S + rule.after_s, _answered_there, rule)
    elif rule.does in FAILURES:
        said, cause = FAILURES[rule.does]
        _later(modem, call, ALERT_S + rule.after_s, _over, cause, said)
    return None if _take(line, "dial_unsaid") else ""


def _answer(modem: Interpreter, _found: re.Match[str]) -> str | None:
    line = _line(modem)
    call = next((call for call in line.calls if call.stat == INCOMING), None)
    if call is None:
        modem.announce("NO CARRIER")
        return None
    _stop(call)
    line.answered.append(call.number)
    _connected(modem, call)
    return ""


def _hang_up(modem: Interpreter, _found: re.Match[str]) -> str:
    line = _line(modem)
    if not _take(line, "no_chup"):
        _end_all(modem, line, [call for call in line.calls if call.stat != WAITING] or list(line.calls))
    return ""


def _hook(modem: Interpreter, _found: re.Match[str]) -> str:
    line = _line(modem)
    if modem.settings.of(Settings).ath_hangs_up:
        _end_all(modem, line, list(line.calls))
    return ""


def _end_all(modem: Interpreter, line: Line, calls: list[Call]) -> None:
    for call in calls:
        _remove(line, call, NORMAL)
        line.hung_up.append(call.number)
        for text in _obituary(modem, call, None):
            modem.announce(text)


def _hold(modem: Interpreter, found: re.Match[str]) -> str:
    """TS 22.030, 6.5.5: 0 refuses the one waiting, 1X ends call X, 2 swaps."""
    line = _line(modem)
    waiting = [call for call in line.calls if call.stat == WAITING]
    if found[1] == "0":
        _end_all(modem, line, waiting)
    elif found[1] == "2":
        for call in line.calls:
            _move(modem, call, {ACTIVE: HELD, HELD: ACTIVE, WAITING: ACTIVE}[call.stat])
    else:
        _end_all(modem, line, [call for call in line.calls if str(call.place) == found[1][1:]])
    return ""


def _list(modem: Interpreter, _found: re.Match[str]) -> str:
    return "\n".join(f"+CLCC: {call.entry()}" for call in _line(modem).calls)


def _press(modem: Interpreter, found: re.Match[str]) -> str:
    line = _line(modem)
    if not any(call.stat == ACTIVE for call in line.calls):
        raise cme(3)
    line.keys += found[1]
    return ""


def _cause(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CEER: {_line(modem).cause}"


def _show_caller(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(Settings).clip = found[1] == "1"
    return ""


def _let_ath_hang_up(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(Settings).ath_hangs_up = found[1] == "0"
    return ""


def _detect_keys(modem: Interpreter, found: re.Match[str]) -> str:
    if ("QTONEDET" in found[0]) != _is_quectel(modem):
        raise Refused
    modem.settings.of(Settings).hears_keys = found[1] == "1"
    return ""


COMMANDS: Commands = (
    (r"ATD([0-9+*#]+);", _dial),
    (r"ATA", _answer),
    (r"ATH0?", _hook),
    (r"AT\+CHUP", _hang_up),
    (r"AT\+CHLD=(0|1\d|2)", _hold),
    (r"AT\+CLCC", _list),
    (r"AT\+VTS=([0-9A-D*#])", _press),
    (r"AT\+CEER", _cause),
    (r"AT\+CLIP=([01])", _show_caller),
    (r"AT\+COLP=[01]", fixed()),
    (r"AT\+CVHU=([01])", _let_ath_hang_up),
    (r"AT\+(?:DDET|QTONEDET)=([01])", _detect_keys),
)

# -- the control socket -----------------------------------------------------------------------------------------


def _now(modem: VirtualHardware) -> tuple[Interpreter, Line]:
    if modem.interpreter is None:
        raise ValueError("unplugged")
    return modem.interpreter, _line(modem.interpreter)


def _set_rules(modem: VirtualHardware, request: dict[str, Any]) -> None:
    modem.memory.kept.of(Line).rules = [CallRule(**rule) for rule in request["rules"]]


def _set_faults(modem: VirtualHardware, request: dict[str, Any]) -> None:
    modem.memory.kept.of(Line).faults = Faults(**request["faults"])


def _call_in(modem: VirtualHardware, request: dict[str, Any]) -> None:
    """A telephone calls: {"number": "..."}, "" for a withheld one."""
    interpreter, line = _now(modem)
    if line.calls:
        call = Call(len(line.calls) + 1, True, request["number"], WAITING)
        line.calls.append(call)
        interpreter.announce(f'+CCWA: "{call.number}",129,1')
        return
    call = Call(1, True, request["number"], INCOMING)
    line.calls.append(call)
    _ring(interpreter, call)


def _hang_up_there(modem: VirtualHardware, _request: dict[str, Any]) -> None:
    interpreter, line = _now(modem)
    for call in list(line.calls):
        _over(interpreter, call, NORMAL)


def _press_there(modem: VirtualHardware, request: dict[str, Any]) -> None:
    interpreter, line = _now(modem)
    for key in request["keys"]:
        _key_from_there(interpreter, line.calls[0], key)


def _look(modem: VirtualHardware, _request: dict[str, Any]) -> dict[str, Any]:
    line = modem.memory.kept.of(Line)
    calls = line.calls if line.owner is modem.interpreter else []
    return {
        "calls": [call.entry() for call in calls],
        "dialled": line.dialled,
        "answered": line.answered,
        "hung_up": line.hung_up,
        "keys": line.keys,
        "clip": modem.interpreter is not None and modem.interpreter.settings.of(Settings).clip,
    }


REQUESTS: Requests = {
    "call_rules": _set_rules,
    "call_faults": _set_faults,
    "call_in": _call_in,
    "hang_up_there": _hang_up_there,
    "press_there": _press_there,
    "look_calls": _look,
}
