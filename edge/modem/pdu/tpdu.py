"""SMS transfer PDUs (3GPP TS 23.040): SUBMIT out, DELIVER and STATUS-REPORT in. Hex text as on the AT port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edge.modem.pdu import coding, gsm0338, header
from edge.modem.pdu.body import Body, Writing, text_of
from edge.modem.pdu.coding import Alphabet, Coding
from edge.modem.pdu.fields import Octets, address, read_address, read_time, relative_validity
from edge.modem.pdu.header import Concatenation, Header
from edge.shared.sms_length import Encoding

# First octet (9.2.2.2): SUBMIT with a relative validity period and a status report request.
SUBMIT_RELATIVE_VP_SRR = 0x01 | 0x10 | 0x20
USER_DATA_HEADER = 0x40
# TP-MTI as the network sends it; 3 is reserved and to be read as DELIVER (9.2.3.1).
DELIVER, STORED_SUBMIT, STATUS_REPORT, RESERVED = range(4)
# TP-PID (9.2.3.9).
SILENT_MESSAGE, RETURN_CALL = 0x40, 0x5F
TO_THE_CARD = range(0x7C, 0x80)


class PduError(Exception):
    """Not a PDU that can be read."""


class Kind(StrEnum):
    """Who a message that came in is for."""

    TEXT = "text"  # a person's
    WAITING = "waiting"  # the network's: voice mail, fax or mail waits
    DATA = "data"  # a program's: a picture message's announcement, settings, a SIM's update
    SILENT = "silent"  # nobody's: to be acknowledged and forgotten (TP-PID 0x40)


@dataclass(frozen=True)
class SubmitPdu:
    """What AT+CMGS takes: the length (octets after the SMSC address) and the hex text."""

    length: int
    hex: str


@dataclass(frozen=True)
class Deliver:
    """A message, or a part of one, that came in."""

    number: str
    sent_at: datetime  # TP-SCTS, in UTC
    concatenation: Concatenation | None
    body: Body
    kind: Kind
    cut: bool  # the PDU ends before the text that it announces

    @property
    def text(self) -> str:
        """What this part alone reads as."""
        return text_of([self.body])


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
    before = header.write(concatenation)
    first = SUBMIT_RELATIVE_VP_SRR | (USER_DATA_HEADER if before else 0)
    if encoding is Encoding.GSM7:
        septets = gsm0338.encode(text)
        skipped, fill_bits = _header_septets(len(before))
        dcs, length = 0x00, skipped + len(septets)
        user_data = before + gsm0338.pack(septets, fill_bits)
    else:
        user_data = before + text.encode("utf-16-be", errors="replace")
        dcs, length = 0x08, len(user_data)
    if len(user_data) > 140:
        raise ValueError(f"{len(user_data)} octets of user data do not fit one part")
    tpdu = bytes([first, 0]) + address(number) + bytes([0, dcs, relative_validity(validity), length]) + user_data
    # The leading 00 means: the SMS centre's address that the SIM holds (TS 27.005, 3.1).
    return SubmitPdu(len(tpdu), "00" + tpdu.hex().upper())


def decode(text: str, read_at: datetime | None = None) -> Deliver | StatusReport:
    """Read a PDU as AT+CMGR and AT+CMGL give it (hex, with the SMSC address). Raises PduError for anything else.

    read_at stands in for a time stamp that cannot be read; without it such a PDU is an error too.
    """
    try:
        octets = Octets(bytes.fromhex(text))
        octets.take(octets.one())  # the SMS centre's address
        first = octets.one()
        kind = first & 0x03
        if kind == STATUS_REPORT:
            return _status_report(octets, read_at)
        if kind == STORED_SUBMIT:
            raise ValueError("a message stored to be sent, not one that came in")
        return _deliver(octets, read_at, has_header=bool(first & USER_DATA_HEADER))
    except ValueError as error:
        raise PduError(str(error)) from error


def _deliver(octets: Octets, read_at: datetime | None, *, has_header: bool) -> Deliver:
    number = read_address(octets)
    protocol = octets.one()
    scheme = coding.read(octets.one())
    if scheme.compressed:
        raise ValueError("compressed text (TS 23.042)")
    sent_at = _time(octets.take(7), read_at)
    length = octets.one()
    user_data = octets.rest()
    before = header.read(user_data) if has_header else Header()
    body, cut = _body(user_data, before, scheme.alphabet, length)
    return Deliver(number, sent_at, before.concatenation, body, _kind(protocol, scheme, before, body), cut)


def _status_report(octets: Octets, read_at: datetime | None) -> StatusReport:
    reference = octets.one()
    recipient = read_address(octets)
    sent_at = _time(octets.take(7), read_at)
    octets.take(7)  # TP-DT
    return StatusReport(reference, recipient, sent_at, octets.one())


def _time(octets: bytes, read_at: datetime | None) -> datetime:
    time = read_time(octets) or read_at
    if time is None:
        raise ValueError(f"time stamp {octets.hex()}")
    return time


def _body(user_data: bytes, before: Header, alphabet: Alphabet, length: int) -> tuple[Body, bool]:
    """The body, and whether it is cut. TP-UDL counts septets (gsm7) or octets, the header included."""
    if alphabet is Alphabet.GSM7:
        skipped, fill_bits = _header_septets(before.size)
        announced = max(0, length - skipped)
        octets = gsm0338.unpack(user_data[before.size :], announced, fill_bits)
    else:
        announced = max(0, length - before.size)
        octets = user_data[before.size : before.size + announced]
    return Body(Writing(alphabet, before.locking, before.single), octets), len(octets) < announced


def _header_septets(size: int) -> tuple[int, int]:
    """How many septets a header takes the place of, and the bits that fill it up to them (9.2.3.24)."""
    fill_bits = -size * 8 % 7
    return (size * 8 + fill_bits) // 7, fill_bits


def _kind(protocol: int, scheme: Coding, before: Header, body: Body) -> Kind:
    if scheme.waiting or before.waiting or protocol == RETURN_CALL:
        return Kind.WAITING
    if protocol == SILENT_MESSAGE:
        return Kind.SILENT
    if protocol in TO_THE_CARD:
        return Kind.DATA
    # Gateways send plain text as eight-bit data too; no program's data are all letters and end without a port.
    is_text = scheme.alphabet is not Alphabet.DATA or (not before.to_program and _is_plain(body.octets))
    return Kind.TEXT if is_text else Kind.DATA


def _is_plain(octets: bytes) -> bool:
    return bool(octets) and all(0x20 <= octet < 0x7F or octet in b"\r\n\t" for octet in octets)
