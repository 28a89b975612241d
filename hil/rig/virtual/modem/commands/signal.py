"""Signal, cell, registration, operator and IMS (3GPP TS 27.007, 7.2, 7.3, 8.5, 8.69, 8.71, 10.1; the makers' own)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem.commands import sim
from hil.rig.virtual.modem.commands.table import Commands, Refused, Requests

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

ACCESS = {"2g": 0, "3g": 2, "4g": 7}
REGISTRATIONS = {"none": 0, "home": 1, "searching": 2, "denied": 3, "unknown": 4, "roaming": 5, "emergency": 8}
MAKERS = {"CPSI": "sim7600", "CEVOLTE": "sim7600", "QCSQ": "ec25", "QENG": "ec25", "QNWINFO": "ec25", "QCFG": "ec25"}
VOICE, SMS = 1, 4  # <ext_info> of +CIREG


@dataclass
class Air:
    """What the antenna gets."""

    technology: str = "4g"  # 2g, 3g, 4g; none: no network in reach
    registration: str = "home"
    operator: str = "Virtuel"
    plmn: str = "20801"
    area: str = "5A1E"
    cell: int = 187214780
    rsrp: float = -85.0
    rsrq: float = -9.5
    sinr: float = 15.0
    rssi: int = -71
    ims: bool = True
    ims_voice: bool = True
    ims_told: bool = True  # False: a modem that knows none of the commands about it


@dataclass
class Telling:
    """<n> of +CREG, +CGREG, +CEREG and +CIREG, by name."""

    modes: dict[str, int] = field(default_factory=dict)


def air(modem: Interpreter) -> Air:
    """What there is now."""
    return modem.kept.of(Air)


def _registered(modem: Interpreter) -> int:
    now = air(modem)
    if not sim.usable(modem):
        return REGISTRATIONS["none"]
    return REGISTRATIONS["searching" if now.technology == "none" and now.registration != "none" else now.registration]


def _registration_fields(modem: Interpreter, name: str) -> str:
    now, stat = air(modem), _registered(modem)
    mode = modem.settings.of(Telling).modes.get(name, 0)
    if mode < 2 or stat not in (1, 5):
        return str(stat)
    return f'{stat},"{now.area}","{now.cell:08X}",{ACCESS[now.technology]}'


def _registration(modem: Interpreter, found: re.Match[str]) -> str:
    name = found[1].upper()
    return f"+{name}: {modem.settings.of(Telling).modes.get(name, 0)},{_registration_fields(modem, name)}"


def _tell(modem: Interpreter, found: re.Match[str]) -> str:
    if found[1].upper() == "CIREG":
        _want_ims(modem)
    modem.settings.of(Telling).modes[found[1].upper()] = int(found[2])
    return ""


def _strength(modem: Interpreter, _found: re.Match[str]) -> str:
    now = air(modem)
    return f"+CSQ: {99 if now.technology == 'none' else min(31, max(0, (now.rssi + 113) // 2))},99"


def _extended(modem: Interpreter, _found: re.Match[str]) -> str:
    now = air(modem)
    if now.technology == "4g":
        return f"+CESQ: 99,99,255,255,{round((now.rsrq + 20) * 2)},{round(now.rsrp + 141)}"
    if now.technology == "3g":
        return f"+CESQ: 99,99,{round(now.rsrp + 121)},30,255,255"
    return "+CESQ: 99,99,255,255,255,255" if now.technology == "none" else f"+CESQ: {now.rssi + 111},0,255,255,255,255"


def _operator(modem: Interpreter, _found: re.Match[str]) -> str:
    now = air(modem)
    if _registered(modem) not in (1, 5):
        return "+COPS: 0"
    return f'+COPS: 0,0,"{now.operator}",{ACCESS[now.technology]}'


def _simcom_cell(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, found)
    now = air(modem)
    network = f"{now.plmn[:3]}-{now.plmn[3:]},0x{now.area}"
    if now.technology == "4g":
        levels = f"{round(now.rsrq * 10)},{round(now.rsrp * 10)},{now.rssi * 10},{round(now.sinr)}"
        return f"+CPSI: LTE,Online,{network},{now.cell},257,EUTRAN-BAND3,1850,5,5,{levels}"
    if now.technology == "3g":
        code = f"{network},{now.cell},WCDMA IMT 2000,279,10663,0,1.5"
        return f"+CPSI: WCDMA,Online,{code},{-round(now.rsrp)},33,52,500"
    if now.technology == "2g":
        return f"+CPSI: GSM,Online,{network},{now.cell},27 EGSM 900,{now.rssi},2110,42-42"
    return "+CPSI: NO SERVICE,Online"


def _quectel_levels(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, found)
    now = air(modem)
    if now.technology == "4g":
        sinr = round((now.sinr + 20) * 5)
        return f'+QCSQ: "LTE",{now.rssi},{round(now.rsrp)},{sinr},{round(now.rsrq)}'
    if now.technology == "3g":
        return f'+QCSQ: "WCDMA",{now.rssi},{round(now.rsrp)},-6'
    return '+QCSQ: "NOSERVICE"' if now.technology == "none" else f'+QCSQ: "GSM",{now.rssi}'


def _quectel_cell(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, found)
    now = air(modem)
    network = f"{now.plmn[:3]},{now.plmn[3:]}"
    if now.technology == "4g":
        levels = f"{round(now.rsrp)},{round(now.rsrq)},{now.rssi},{round((now.sinr + 20) / 2)},39"
        return f'+QENG: "servingcell","NOCONN","LTE","FDD",{network},{now.cell:X},257,1850,3,5,5,{now.area},{levels}'
    if now.technology == "3g":
        return (
            f'+QENG: "servingcell","NOCONN","WCDMA",{network},{now.area},{now.cell:X},10663,84,254,{round(now.rsrp)},-7'
            ",-,-,-,-,-"
        )
    if now.technology == "2g":
        return (
            f'+QENG: "servingcell","NOCONN","GSM",{network},{now.area},{now.cell:X},26,50,-,{now.rssi},255,255,0,38,38'
        )
    return '+QENG: "servingcell","SEARCH"'


def _quectel_network(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, found)
    now = air(modem)
    access, band = {"4g": ("FDD LTE", "LTE BAND 3"), "3g": ("WCDMA", "WCDMA 2100"), "2g": ("EDGE", "GSM 900")}.get(
        now.technology, ("", "")
    )
    return f'+QNWINFO: "{access}","{now.plmn}","{band}",1850' if access else "+QNWINFO: No Service"


def _ims(modem: Interpreter, _found: re.Match[str]) -> str:
    _want_ims(modem)
    return f"+CIREG: {modem.settings.of(Telling).modes.get('CIREG', 0)},{_ims_fields(modem)}"


def _ims_fields(modem: Interpreter) -> str:
    now = air(modem)
    if not now.ims or _registered(modem) not in (1, 5) or now.technology != "4g":
        return "0"
    return f"1,{SMS | (VOICE if now.ims_voice else 0)}"


def _quectel_ims(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, found)
    now = air(modem)
    if not now.ims_told:
        raise Refused
    return f'+QCFG: "ims",{1 if now.ims else 2},{int(now.ims and now.ims_voice and now.technology == "4g")}'


def _simcom_ims(modem: Interpreter, found: re.Match[str]) -> str:
    _want_maker(modem, found)
    if not air(modem).ims_told:
        raise Refused
    return f"+CEVOLTE: 1,{int(air(modem).ims)}"


def _want_ims(modem: Interpreter) -> None:
    """The EC25 tells by a command of its own."""
    if not air(modem).ims_told or modem.traits.personality == "ec25":
        raise Refused


def _want_maker(modem: Interpreter, found: re.Match[str]) -> None:
    if MAKERS[found[1].upper()] != modem.traits.personality:
        raise Refused


def _change(modem: VirtualHardware, request: dict[str, Any]) -> None:
    """{"do": "signal", "rsrp": -110, "registration": "denied", "technology": "2g", "ims": false, ...}: fields of Air."""
    now = modem.memory.kept.of(Air)
    for name, value in request.items():
        if name != "do":
            if name not in Air.__dataclass_fields__:
                raise ValueError(f"there is no {name} on the air")
            setattr(now, name, value)
    firmware = modem.interpreter
    if firmware is not None:
        modes = firmware.settings.of(Telling).modes
        for name in ("CREG", "CGREG", "CEREG"):
            if modes.get(name):
                firmware.announce(f"+{name}: {_registration_fields(firmware, name)}")
        if modes.get("CIREG"):
            firmware.announce(f"+CIREGU: {_ims_fields(firmware)}")


COMMANDS: Commands = (
    (r"AT\+CSQ", _strength),
    (r"AT\+CESQ", _extended),
    (r"AT\+(C(?:E|G)?REG)\?", _registration),
    (r"AT\+(C(?:E|G|I)?REG)=([0-2])", _tell),
    (r"AT\+COPS\?", _operator),
    (r"AT\+(CPSI)\?", _simcom_cell),
    (r"AT\+(QCSQ)", _quectel_levels),
    (r'AT\+(QENG)="servingcell"', _quectel_cell),
    (r"AT\+(QNWINFO)", _quectel_network),
    (r"AT\+CIREG\?", _ims),
    (r'AT\+(QCFG)="ims"', _quectel_ims),
    (r"AT\+(CEVOLTE)\?", _simcom_ims),
)
REQUESTS: Requests = {"signal": _change}
