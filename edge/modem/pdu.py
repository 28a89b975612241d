"""SMS transfer PDUs (3GPP TS 23.040): SUBMIT out, DELIVER and STATUS-REPORT in. Hex text as on the AT port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from edge.modem import gsm0338
from edge.shared.sms_length import Encoding

# First octet (9.2.2.2): SUBMIT with a relative validity period and a status report request.
SUBMIT_RELATIVE_VP_SRR = 0x01 | 0x10 | 0x20
USER_DATA_HEADER = 0x40
INTERNATIONAL, UNKNOWN_TYPE, ALPHANUMERIC = 0x91, 0x81, 0x50
CONCATENATION_8_BIT, CONCATENATION_16_BIT = 0x00, 0x08


class PduError(Exception):
    """Not a PDU that can be read."""


@dataclass(frozen=True)
class Concatenation:
    """Which part of which long message (9.2.3.24.1)."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True)
class SubmitPdu:
    """What AT+CMGS takes: the length (octets after the SMSC address) and the hex text."""

    length: int
    hex: str


@dataclass(frozen=True)
class Deliver:
    """A message, or a part of one, that came in."""

    number: str
    text: str
    sent_at: datetime  # TP-SCTS, in UTC
    concatenation: Concatenation | None


@dataclass(frozen=True)
class StatusReport:
    """What became of a part that was accepted."""

    reference: int
    recipient: str
    sent_at: datetime  # TP-SCTS: when the SMS centre took the part, in UTC
    status: int  # TP-ST (9.2.3.15)


def submit(
    number: str,
    text: str,
    encoding: Encoding,
    *,
    validity: timedelta,
    concatenation: Concatenation | None = None,
) -> SubmitPdu:
    """Encode one part. The text must fit one part in this encoding. TP-MR is left to the modem."""
    header = _header(concatenation)
    first = SUBMIT_RELATIVE_VP_SRR | (USER_DATA_HEADER if header else 0)
    if encoding is Encoding.GSM7:
        septets = gsm0338.encode(text)
        fill_bits = -len(header) * 8 % 7
        coding, length = 0x00, (len(header) * 8 + fill_bits) // 7 + len(septets)
        user_data = header + gsm0338.pack(septets, fill_bits)
    else:
        user_data = header + text.encode("utf-16-be", errors="replace")
        coding, length = 0x08, len(user_data)
    if len(user_data) > 140:
        raise ValueError(f"{len(user_data)} octets of user data do not fit one part")
    tpdu = bytes([first, 0]) + _address(number) + bytes([0, coding, relative_validity(validity), length]) + user_data
    # The leading 00 means: the SMS centre's address that the SIM holds (TS 27.005, 3.1).
    return SubmitPdu(len(tpdu), "00" + tpdu.hex().upper())


def relative_validity(validity: timedelta) -> int:
    """TP-VP, relative format (9.2.3.12.1): the shortest step that is not below the time asked for, 63 weeks at most."""
    minutes = validity / timedelta(minutes=1)
    if minutes <= 12 * 60:
        return max(0, _ceil(minutes / 5) - 1)
    if minutes <= 24 * 60:
        return 143 + _ceil((minutes - 12 * 60) / 30)
    days = _ceil(minutes / (24 * 60))
    if days <= 30:
        return 166 + days
    return min(255, 192 + _ceil(days / 7))


def decode(text: str) -> Deliver | StatusReport:
    """Read a PDU as AT+CMGR and AT+CMGL give it (hex, with the SMSC address). Raises PduError for anything else."""
    try:
        octets = _Octets(bytes.fromhex(text))
        octets.take(octets.one())  # the SMS centre's address
        first = octets.one()
        kind = first & 0x03
        if kind == 0x00:
            return _deliver(octets, has_header=bool(first & USER_DATA_HEADER))
        if kind == 0x02:
            return _status_report(octets)
    except ValueError as error:
        raise PduError(str(error)) from error
    raise PduError(f"message type {kind} is not one that comes in")


def tpdu_length(text: str) -> int:
    """Octets after the SMSC address, to compare with the length the modem gave. Raises PduError."""
    try:
        octets = bytes.fromhex(text)
    except ValueError as error:
        raise PduError(str(error)) from error
    if not octets:
        raise PduError("empty")
    return len(octets) - 1 - octets[0]


class _Octets:
    """Takes octets from the front; ValueError when there are too few."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._place = 0

    def take(self, count: int) -> bytes:
        if self._place + count > len(self._octets):
            raise ValueError(f"ends after {len(self._octets)} octets")
        taken = self._octets[self._place : self._place + count]
        self._place += count
        return taken

    def one(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        return self.take(len(self._octets) - self._place)


def _deliver(octets: _Octets, *, has_header: bool) -> Deliver:
    number = _read_address(octets)
    octets.one()  # TP-PID
    coding = octets.one()
    sent_at = _timestamp(octets.take(7))
    length = octets.one()
    user_data = octets.rest()
    header = user_data[: user_data[0] + 1] if has_header and user_data else b""
    return Deliver(number, _text(user_data, header, length, coding), sent_at, _concatenation(header))


def _status_report(octets: _Octets) -> StatusReport:
    reference = octets.one()
    recipient = _read_address(octets)
    sent_at = _timestamp(octets.take(7))
    octets.take(7)  # TP-DT
    return StatusReport(reference, recipient, sent_at, octets.one())


def _text(user_data: bytes, header: bytes, length: int, coding: int) -> str:
    alphabet = _alphabet(coding)
    if alphabet == 0:
        fill_bits = -len(header) * 8 % 7
        septets = length - (len(header) * 8 + fill_bits) // 7
        return gsm0338.decode(gsm0338.unpack(user_data[len(header) :], max(0, septets), fill_bits))
    body = user_data[len(header) : length]
    if alphabet == 2:
        return body.decode("utf-16-be", errors="replace")
    return body.decode("latin-1")


def _alphabet(coding: int) -> int:
    """0 GSM-7, 1 eight-bit data, 2 UCS-2, out of TP-DCS (TS 23.038, 4)."""
    group = coding >> 4
    if group <= 0x7:
        return (coding >> 2) & 0x03 if (coding >> 2) & 0x03 < 3 else 0
    if group == 0xE:
        return 2
    return (coding >> 2) & 0x01 if group == 0xF else 0


def _header(concatenation: Concatenation | None) -> bytes:
    if concatenation is None:
        return b""
    if concatenation.reference > 0xFF:
        part = bytes([CONCATENATION_16_BIT, 4, concatenation.reference >> 8, concatenation.reference & 0xFF])
    else:
        part = bytes([CONCATENATION_8_BIT, 3, concatenation.reference])
    part += bytes([concatenation.total, concatenation.number])
    return bytes([len(part)]) + part


def _concatenation(header: bytes) -> Concatenation | None:
    place = 1
    while place + 2 <= len(header):
        element, size = header[place], header[place + 1]
        data = header[place + 2 : place + 2 + size]
        place += 2 + size
        if (element, len(data)) == (CONCATENATION_8_BIT, 3):
            found = Concatenation(data[0], data[1], data[2])
        elif (element, len(data)) == (CONCATENATION_16_BIT, 4):
            found = Concatenation(data[0] << 8 | data[1], data[2], data[3])
        else:
            continue
        # A part number out of range makes the element void (9.2.3.24.1).
        return found if 1 <= found.number <= found.total else None
    return None


def _address(number: str) -> bytes:
    digits = number.removeprefix("+")
    kind = INTERNATIONAL if number.startswith("+") else UNKNOWN_TYPE
    padded = digits + "F" * (len(digits) % 2)
    swapped = "".join(padded[place + 1] + padded[place] for place in range(0, len(padded), 2))
    return bytes([len(digits), kind]) + bytes.fromhex(swapped)


def _read_address(octets: _Octets) -> str:
    size, kind = octets.one(), octets.one()
    raw = octets.take((size + 1) // 2)
    if kind & 0x70 == ALPHANUMERIC:
        return gsm0338.decode(gsm0338.unpack(raw, size * 4 // 7))
    digits = "".join(f"{octet & 0x0F:x}{octet >> 4:x}" for octet in raw)[:size]
    # a, b and c stand for *, # and a (TS 24.008, table 10.5.118).
    digits = digits.translate(str.maketrans("abc", "*#a"))
    return ("+" if kind & 0x70 == INTERNATIONAL & 0x70 else "") + digits


def _timestamp(octets: bytes) -> datetime:
    year, month, day, hour, minute, second = ((octet & 0x0F) * 10 + (octet >> 4) for octet in octets[:6])
    zone = octets[6]
    quarters = (zone & 0x07) * 10 + (zone >> 4)
    offset = timedelta(minutes=15 * (-quarters if zone & 0x08 else quarters))
    if abs(offset) >= timedelta(days=1):
        raise ValueError(f"time zone {offset}")
    return datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone(offset)).astimezone(UTC)


def _ceil(value: float) -> int:
    return -int(-value // 1)
