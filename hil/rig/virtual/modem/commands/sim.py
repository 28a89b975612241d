"""The SIM: its locks, its numbers, pulled out and put in (3GPP TS 27.007, 7.1, 7.4, 8.3; the makers' own commands)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem.commands.table import Commands, Refused, Requests, cme, cms
from hil.rig.virtual.modem.network import OWN_NUMBER

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

TRIES, PUK_TRIES = 3, 10
WANTS_CARD = re.compile(r"AT\+(?:C(?:MG[SLRDW]|PMS|MSS|SCA|IMI|NUM|LCK)\b|CIREG)", re.IGNORECASE)
OF_SMS = re.compile(r"AT\+C(?:MG|PMS|MSS|SCA)", re.IGNORECASE)
# What is said when the card goes and comes, by make.
GONE = {"sim7600": "+SIMCARD: NOT AVAILABLE", "ec25": "+CPIN: NOT READY"}
BACK = "+CPIN: READY"


@dataclass
class Card:
    """One SIM and the slot it is in. A PIN that was right holds until power is lost."""

    inserted: bool = True
    pin: str | None = None
    puk: str = "12345678"
    tries: int = TRIES
    puk_tries: int = PUK_TRIES
    iccid: str = "89330126340000000014"
    imsi: str = "208010000000001"
    number: str | None = OWN_NUMBER
    tells_tries: bool = True
    barred: bool = False  # outgoing SMS, by the operator
    typed: int = 0  # PINs given to it, right or wrong
    unlocked_in: object = None  # the power-up in which it was


def card(modem: Interpreter) -> Card:
    """The one in the modem."""
    return modem.kept.of(Card)


def locked(modem: Interpreter) -> str | None:
    """PIN or PUK while it wants one."""
    sim = card(modem)
    if sim.pin is None or sim.unlocked_in is modem:
        return None
    return "PIN" if sim.tries else "PUK"


def usable(modem: Interpreter) -> bool:
    """Whether it is there and open."""
    return card(modem).inserted and locked(modem) is None


def gate(modem: Interpreter, command: str) -> None:
    """Raises Refused for a command that wants a card that can be used."""
    if usable(modem) or not WANTS_CARD.match(command):
        return
    of_sms = OF_SMS.match(command) is not None
    if not card(modem).inserted:
        raise cms(310) if of_sms else cme(10)
    if locked(modem) == "PUK":
        raise cms(316) if of_sms else cme(12)
    raise cms(311) if of_sms else cme(11)


def _lock(modem: Interpreter, _found: re.Match[str]) -> str:
    if not card(modem).inserted:
        raise cme(10)
    wants = locked(modem)
    return "+CPIN: READY" if wants is None else f"+CPIN: SIM {wants}"


def _type_pin(modem: Interpreter, found: re.Match[str]) -> str:
    sim, given, fresh = card(modem), found[1], found[2]
    if not sim.inserted:
        raise cme(10)
    wants = locked(modem)
    if wants is None or (wants == "PUK") is not (fresh is not None):
        raise cme(3 if wants is None else 12 if wants == "PUK" else 16)
    sim.typed += 1
    if wants == "PUK":
        return _type_puk(modem, given, fresh)
    if given != sim.pin:
        sim.tries -= 1
        raise cme(16 if sim.tries else 12)
    sim.tries, sim.unlocked_in = TRIES, modem
    return ""


def _type_puk(modem: Interpreter, given: str, fresh: str) -> str:
    sim = card(modem)
    if given != sim.puk:
        sim.puk_tries -= 1
        raise cme(16)
    sim.pin, sim.tries, sim.puk_tries, sim.unlocked_in = fresh, TRIES, PUK_TRIES, modem
    return ""


def _simcom_tries(modem: Interpreter, _found: re.Match[str]) -> str:
    sim = _telling(modem)
    return f"+SPIC: {sim.tries},{sim.puk_tries},3,10"


def _quectel_tries(modem: Interpreter, found: re.Match[str]) -> str:
    sim = _telling(modem)
    both = f'+QPINC: "SC",{sim.tries},{sim.puk_tries}'
    return both if found[1] else f'{both}\n+QPINC: "P2",3,10'


def _telling(modem: Interpreter) -> Card:
    sim = card(modem)
    if not sim.tells_tries:
        raise Refused
    return sim


def _iccid(modem: Interpreter, found: re.Match[str]) -> str:
    if not card(modem).inserted:
        raise cme(13)
    return f"+{found[1].upper().replace('CICCID', 'ICCID')}: {card(modem).iccid}"


def _imsi(modem: Interpreter, _found: re.Match[str]) -> str:
    return card(modem).imsi


def _numbers(modem: Interpreter, _found: re.Match[str]) -> str:
    number = card(modem).number
    return "" if number is None else f'+CNUM: "","{number}",{145 if number.startswith("+") else 129}'


def _barring(modem: Interpreter, _found: re.Match[str]) -> str:
    return "+CLCK: 0,1\n+CLCK: 1,8" if card(modem).barred else "+CLCK: 0,7"


def _change(modem: VirtualHardware, request: dict[str, Any]) -> None:
    """{"do": "sim", "pin": "1234", "inserted": false, ...}: fields of Card; another iccid is another card.

    "quiet": true: the modem says nothing of a card that goes or comes, as one without a switch in its slot.
    """
    sim = modem.memory.kept.of(Card)
    was_inserted = sim.inserted
    given = {name: value for name, value in request.items() if name not in ("do", "quiet")}
    unknown = [name for name in given if name not in Card.__dataclass_fields__]
    if unknown:
        raise ValueError(f"a card has no {unknown[0]}")
    if given.get("iccid", sim.iccid) != sim.iccid:
        sim.unlocked_in, sim.tries = None, TRIES
    for name, value in given.items():
        setattr(sim, name, value)
    modem.network.own_number = sim.number or modem.network.own_number  # a SIM may not know its own
    if was_inserted and not sim.inserted:
        sim.unlocked_in = None
    if modem.interpreter is not None and sim.inserted is not was_inserted and not request.get("quiet"):
        gone = GONE.get(modem.traits.personality, "+CPIN: NOT INSERTED")
        modem.interpreter.announce(BACK if sim.inserted else gone)


def _look(modem: VirtualHardware, _request: dict[str, Any]) -> dict[str, Any]:
    """{"do": "sim_look"}: how often a PIN was typed, and how many tries are left."""
    sim = modem.memory.kept.of(Card)
    return {"typed": sim.typed, "tries": sim.tries}


COMMANDS: Commands = (
    (r"AT\+CPIN\?", _lock),
    (r'AT\+CPIN="?(\d+)"?(?:,"?(\d+)"?)?', _type_pin),
    (r"AT\+SPIC", _simcom_tries),
    (r'AT\+QPINC(?:\?|=("SC"))', _quectel_tries),
    (r"AT\+(CICCID|QCCID|CCID)", _iccid),
    (r"AT\+CIMI", _imsi),
    (r"AT\+CNUM", _numbers),
    (r'AT\+CLCK="AO",2(?:,\d+)?', _barring),
)
REQUESTS: Requests = {"sim": _change, "sim_look": _look}
