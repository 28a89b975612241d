"""What modems say of signal, cell and registration, in one form. Pure.

The sources: 3GPP TS 27.007 (+CSQ 8.5, +CESQ 8.69, +CREG 7.2, +CEREG 10.1.22, +COPS 7.3), SIMCom SIM7500/SIM7600 AT Command
Manual (+CPSI), Quectel EC25&EC21 AT Commands Manual (+QCSQ, +QENG, +QNWINFO).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from edge.modem.port.answers import readable
from edge.shared.messages.modem_radio import Registration, Technology


@dataclass(frozen=True)
class Reading:
    """What was learnt; absent is what this answer does not say."""

    technology: Technology | None = None
    registration: Registration | None = None
    operator: str | None = None
    plmn: str | None = None  # country and network code, e.g. 20801
    area: str | None = None  # TAC or LAC, hexadecimal
    cell: int | None = None
    band: str | None = None
    rsrp_dbm: float | None = None  # of LTE; of 3G the RSCP
    rsrq_db: float | None = None
    sinr_db: float | None = None
    rssi_dbm: float | None = None

    def over(self, other: Reading) -> Reading:
        """This one, and what it does not say from the other."""
        mine = {field.name: getattr(self, field.name) for field in fields(self)}
        return Reading(**{name: getattr(other, name) if value is None else value for name, value in mine.items()})


NOTHING = Reading()

# <stat> of +CREG, +CGREG, +CEREG (TS 27.007, 7.2): 6 and 7 are for SMS only, 9 and 10 where calls by 2G or 3G are not preferred.
_REGISTRATIONS = {
    0: Registration.NONE,
    1: Registration.HOME,
    2: Registration.SEARCHING,
    3: Registration.DENIED,
    4: Registration.UNKNOWN,
    5: Registration.ROAMING,
    6: Registration.HOME,
    7: Registration.ROAMING,
    8: Registration.EMERGENCY,
    9: Registration.HOME,
    10: Registration.ROAMING,
}
REGISTERED = frozenset({Registration.HOME, Registration.ROAMING})
# What a part of the network that knows nothing of us says does not count where another part has us.
_BEST_FIRST = (
    Registration.HOME,
    Registration.ROAMING,
    Registration.DENIED,
    Registration.SEARCHING,
    Registration.EMERGENCY,
    Registration.NONE,
    Registration.UNKNOWN,
)
# <AcT> of +COPS and +CEREG (TS 27.007, 7.3).
_ACCESS = {
    0: Technology.GSM,
    1: Technology.GSM,
    2: Technology.UMTS,
    3: Technology.GSM,
    4: Technology.UMTS,
    5: Technology.UMTS,
    6: Technology.UMTS,
    7: Technology.LTE,
    8: Technology.GSM,
    9: Technology.LTE,
    10: Technology.LTE,
    11: Technology.NR,
    12: Technology.NR,
    13: Technology.LTE,
}
# System modes of +CPSI, +QCSQ, +QENG and +QNWINFO, by how they begin; the longer ones first.
_MODES = (
    ("NO", Technology.NONE),
    ("NR5G", Technology.NR),
    ("LTE", Technology.LTE),
    ("FDD LTE", Technology.LTE),
    ("TDD LTE", Technology.LTE),
    ("WCDMA", Technology.UMTS),
    ("TDSCDMA", Technology.UMTS),
    ("TDS", Technology.UMTS),
    ("HSPA", Technology.UMTS),
    ("HSDPA", Technology.UMTS),
    ("HSUPA", Technology.UMTS),
    ("GSM", Technology.GSM),
    ("GPRS", Technology.GSM),
    ("EDGE", Technology.GSM),
)


def csq(lines: Sequence[str]) -> Reading:
    """+CSQ: 21,99. 99 is unknown; 100 and above are of TD-SCDMA."""
    found = _fields(lines, "+CSQ:")
    steps = _whole(found, 0)
    return Reading(rssi_dbm=-113.0 + 2 * steps) if steps is not None and 0 <= steps <= 31 else NOTHING


def cesq(lines: Sequence[str]) -> Reading:
    """+CESQ: <rxlev>,<ber>,<rscp>,<ecno>,<rsrq>,<rsrp>, each an index; 99 or 255 where the cell is of another kind."""
    found = _fields(lines, "+CESQ:")
    rxlev, rscp, rsrq, rsrp = (_whole(found, place) for place in (0, 2, 4, 5))
    if rsrp is not None and rsrp <= 97:
        return Reading(Technology.LTE, rsrp_dbm=_rsrp_of(rsrp), rsrq_db=_rsrq_of(rsrq))
    if rscp is not None and rscp <= 96:
        return Reading(Technology.UMTS, rsrp_dbm=-121.0 + rscp)
    if rxlev is not None and rxlev <= 63:
        return Reading(Technology.GSM, rssi_dbm=-111.0 + rxlev)
    return NOTHING


def registration(lines: Sequence[str]) -> Reading:
    """+CREG, +CGREG or +CEREG: <n>,<stat>[,<area>,<cell>[,<AcT>]], also as the unsolicited form without <n>."""
    line = next((line for line in lines if re.match(r"\+C[EG]?REG:", line)), None)
    if line is None:
        return NOTHING
    values = _split(line.partition(":")[2])
    # The unsolicited form has no <n>: its second field, if any, is a text in quotes.
    if len(values) > 1 and '"' not in line.split(",")[1]:
        values = values[1:]
    access = _whole(values, 3)
    return Reading(
        _ACCESS.get(access) if access is not None else None,
        _REGISTRATIONS.get(_whole(values, 0) or 0),
        area=values[1].upper() if len(values) > 1 and values[1] else None,
        cell=_hex(values, 2),
    )


def best(readings: Sequence[Reading]) -> Reading:
    """What the parts of the network say together (circuits, packets, LTE): the best registration and what belongs to it."""
    known = [reading for reading in readings if reading.registration is not None]
    result = NOTHING
    for reading in sorted(known, key=lambda reading: _BEST_FIRST.index(reading.registration or Registration.UNKNOWN)):
        result = result.over(reading)
    return result


def cops(lines: Sequence[str]) -> Reading:
    """+COPS: <mode>[,<format>,<oper>[,<AcT>]]; format 2 is the code of country and network."""
    found = _fields(lines, "+COPS:")
    if len(found) < 3:
        return NOTHING
    access, named = _whole(found, 3), readable(found[2])
    numeric = found[1] == "2"
    return Reading(
        _ACCESS.get(access) if access is not None else None,
        operator=None if numeric else named or None,
        plmn=named if numeric else None,
    )


def cpsi(lines: Sequence[str]) -> Reading:
    """+CPSI of SIMCom: LTE,Online,208-01,0x5A1E,187214780,257,EUTRAN-BAND3,1850,5,5,-94,-850,-545,15."""
    found = _fields(lines, "+CPSI:")
    technology = _technology(found[0]) if found else None
    if technology is None or technology is Technology.NONE:
        return Reading(technology)
    common = Reading(
        technology,
        plmn=found[2].replace("-", "") if len(found) > 2 and re.fullmatch(r"\d{3}-\d{2,3}", found[2]) else None,
        area=_area(found, 3),
        cell=_whole(found, 4),
        band=_band(found, 6 if technology is Technology.LTE else 5),
    )
    if technology is Technology.LTE and len(found) >= 14:
        rsrq, rsrp, rssi, sinr = (_whole(found, place) for place in (10, 11, 12, 13))
        return Reading(
            rsrp_dbm=_simcom_dbm(rsrp, -140),
            rsrq_db=_simcom_rsrq(rsrq),
            rssi_dbm=_simcom_dbm(rssi, -120) if rssi is not None and rssi < 0 else None,
            sinr_db=float(sinr) if sinr is not None and -20 <= sinr <= 30 else None,
        ).over(common)
    if technology is Technology.UMTS:
        rscp = _whole(found, 10)
        return Reading(rsrp_dbm=-float(abs(rscp)) if rscp else None).over(common)
    if technology is Technology.GSM:
        level = _whole(found, 6)
        return Reading(rssi_dbm=float(level) if level is not None and level < 0 else None).over(common)
    return common


def qcsq(lines: Sequence[str]) -> Reading:
    """+QCSQ of Quectel: "LTE",<rssi>,<rsrp>,<sinr>,<rsrq>; "WCDMA",<rssi>,<rscp>,<ecio>; "GSM",<rssi>; "NOSERVICE"."""
    found = _fields(lines, "+QCSQ:")
    technology = _technology(found[0]) if found else None
    rssi = _level(found, 1)
    if technology is Technology.LTE:
        sinr = _whole(found, 3)
        return Reading(
            technology,
            rssi_dbm=rssi,
            rsrp_dbm=_level(found, 2),
            # In steps of a fifth of a dB from -20 dB.
            sinr_db=sinr / 5 - 20 if sinr is not None and 0 <= sinr <= 250 else None,
            rsrq_db=_level(found, 4),
        )
    if technology is Technology.UMTS:
        return Reading(technology, rssi_dbm=rssi, rsrp_dbm=_level(found, 2))
    return Reading(technology, rssi_dbm=rssi)


def qeng(lines: Sequence[str]) -> Reading:
    """+QENG: "servingcell",<state>,"LTE",<duplex>,<mcc>,<mnc>,<cell>,<pci>,<earfcn>,<band>,...,<tac>,<rsrp>,<rsrq>,<rssi>,...

    Its SINR is left alone: its scale differs between firmwares, +QCSQ has it in a known one. In dual connection with 5G
    the state stands on a line of its own and the cells follow.
    """
    serving = _fields(lines, '+QENG: "servingcell"')
    if not serving:
        return NOTHING
    state = serving[1] if len(serving) > 1 else ""
    values = serving[2:] or _fields([line for line in lines if '"servingcell"' not in line], "+QENG:")
    technology = Technology.NONE if state == "SEARCH" else _technology(values[0]) if values else None
    if technology is Technology.LTE:
        return Reading(
            technology,
            plmn=_plmn(values, 2),
            cell=_hex(values, 4),
            band=f"B{values[7]}" if len(values) > 7 and values[7].isdigit() else None,
            area=values[10].upper() if len(values) > 10 and values[10] not in ("", "-") else None,
            rsrp_dbm=_level(values, 11),
            rsrq_db=_level(values, 12),
            rssi_dbm=_level(values, 13),
        )
    if technology in (Technology.UMTS, Technology.GSM):
        level, is_3g = _level(values, 8), technology is Technology.UMTS
        return Reading(
            technology,
            plmn=_plmn(values, 1),
            area=values[3].upper() if len(values) > 3 else None,
            cell=_hex(values, 4),
            rsrp_dbm=level if is_3g else None,
            rssi_dbm=None if is_3g else level,
        )
    return Reading(technology)


def qnwinfo(lines: Sequence[str]) -> Reading:
    """+QNWINFO: "FDD LTE","20801","LTE BAND 3",1650; or No Service."""
    found = _fields(lines, "+QNWINFO:")
    technology = _technology(found[0]) if found else None
    if technology is None or len(found) < 3:
        return Reading(technology)
    return Reading(technology, plmn=found[1] or None, band=_band(found, 2))


def _fields(lines: Sequence[str], start: str) -> list[str]:
    """The fields of the first line that begins so, without quotes."""
    name, _, first = start.partition(" ")
    for line in lines:
        if line.startswith(name) and line.removeprefix(name).lstrip().startswith(first):
            return _split(line.removeprefix(name))
    return []


def _split(text: str) -> list[str]:
    # A field may hold a comma in quotes, as a name of an operator may.
    return [field.strip() for field in next(csv.reader([text.strip()], skipinitialspace=True), [])]


def _whole(values: Sequence[str], place: int) -> int | None:
    try:
        return int(values[place])
    except (IndexError, ValueError):
        return None


def _hex(values: Sequence[str], place: int) -> int | None:
    try:
        return int(values[place], 16)
    except (IndexError, ValueError):
        return None


def _level(values: Sequence[str], place: int) -> float | None:
    """A level in dBm or dB; what cannot be one is "unknown" in numbers, e.g. -32768."""
    found = _whole(values, place)
    return float(found) if found is not None and -160 <= found < 0 else None


def _area(values: Sequence[str], place: int) -> str | None:
    return values[place].lower().removeprefix("0x").upper() or None if len(values) > place else None


def _plmn(values: Sequence[str], place: int) -> str | None:
    country, network = [*values[place : place + 2], "", ""][:2]
    return country + network if country.isdigit() and network.isdigit() else None


def _band(values: Sequence[str], place: int) -> str | None:
    text = values[place] if len(values) > place else ""
    lte = re.search(r"BAND ?(\d+)", text)
    return f"B{lte[1]}" if lte else text or None


def _technology(mode: str) -> Technology | None:
    upper = mode.upper()
    return next((technology for start, technology in _MODES if upper.startswith(start)), None)


def _rsrp_of(index: int) -> float:
    return -141.0 + index  # TS 36.133, 9.1.4


def _rsrq_of(index: int | None) -> float | None:
    return None if index is None or not 0 <= index <= 34 else -20.0 + index / 2  # TS 36.133, 9.1.7


def _simcom_dbm(value: int | None, least: int) -> float | None:
    """Firmwares give tenths of a dBm, whole ones, or the index of +CESQ; no value can be two of them."""
    if value is None:
        return None
    if value >= 0:
        return _rsrp_of(value) if value <= 97 else None
    if value >= least:
        return float(value)
    return value / 10 if value >= least * 10 else None


def _simcom_rsrq(value: int | None) -> float | None:
    if value is None or value >= 0:
        return _rsrq_of(value)
    return float(value) if value >= -20 else value / 10 if value >= -200 else None
