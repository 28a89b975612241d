"""The network's own reading of SMS PDUs (3GPP TS 23.040), written apart from the product's so that one proves the other.

It works on a string of bits where the product shifts integers, and refuses what a strict network would.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# TS 23.038, table 6.2.1, row by row.
ROWS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
BASIC = "".join(ROWS)
EXTRA = dict(zip("\f^{}\\[~]|€", (10, 20, 40, 41, 47, 60, 61, 62, 64, 101), strict=True))
EXTRA_BY_SEPTET = {septet: letter for letter, septet in EXTRA.items()}


class BadTpdu(Exception):
    """A network refuses this (+CMS ERROR: 304)."""


@dataclass(frozen=True)
class Submit:
    """What a phone hands to the network."""

    destination: str
    text: str
    encoding: str  # gsm7, ucs2
    wants_report: bool
    validity_minutes: float | None
    message_reference: int
    has_service_centre: bool
    reference: int | None = None  # of the concatenation
    part: int = 1
    total: int = 1


def read_submit(hexadecimal: str, length: int) -> Submit:
    """Read what followed the prompt; length is what AT+CMGS announced. Raises BadTpdu."""
    try:
        octets = list(bytes.fromhex(hexadecimal))
    except ValueError as error:
        raise BadTpdu(f"not hex: {error}") from error
    try:
        tpdu = octets[1 + octets[0] :]
        if len(tpdu) != length:
            raise BadTpdu(f"announced {length} octets, got {len(tpdu)}")
        return _submit(tpdu, has_service_centre=octets[0] > 0)
    except (IndexError, ValueError) as error:
        raise BadTpdu(f"truncated or damaged: {error}") from error


def _submit(tpdu: list[int], *, has_service_centre: bool) -> Submit:
    flags = tpdu[0]
    if flags & 3 != 1:
        raise BadTpdu("not a SUBMIT")
    digits, place = tpdu[2], 4
    if not 1 <= digits <= 20:
        raise BadTpdu(f"a destination of {digits} digits")
    octets = (digits + 1) // 2
    destination = _number(tpdu[3], digits, tpdu[place : place + octets])
    place += octets + 1  # TP-PID
    coding = tpdu[place]
    place += 1
    validity, place = _validity(flags >> 3 & 3, tpdu, place)
    size, data = tpdu[place], tpdu[place + 1 :]
    header = data[1 : 1 + data[0]] if flags & 0x40 else []
    used = len(header) + 1 if flags & 0x40 else 0
    text, encoding = _body(data, used, size, coding)
    reference, total, part = _concatenation(header)
    return Submit(
        destination,
        text,
        encoding,
        bool(flags & 0x20),
        validity,
        tpdu[1],
        has_service_centre,
        reference,
        part,
        total,
    )


def _body(data: list[int], used: int, size: int, coding: int) -> tuple[str, str]:
    if len(data) > 140:
        raise BadTpdu(f"{len(data)} octets of user data")
    alphabet = _alphabet(coding)
    if alphabet == "ucs2":
        if size != len(data):
            raise BadTpdu("TP-UDL is not the user data's length")
        return bytes(data[used:]).decode("utf-16-be"), "ucs2"
    if len(data) != (size * 7 + 7) // 8:
        raise BadTpdu("TP-UDL is not the user data's length")
    # The lowest bit of the first octet comes first on the air.
    bits = "".join(f"{octet:08b}"[::-1] for octet in data)
    first = -(-used * 8 // 7)
    septets = [int(bits[7 * n : 7 * n + 7][::-1], 2) for n in range(first, size)]
    return _letters(septets), "gsm7"


def _alphabet(coding: int) -> str:
    """TS 23.038, 4: plain, or with a message class."""
    if coding & 0xE0 == 0 and coding & 0x0C in (0, 8):
        return "ucs2" if coding & 0x0C else "gsm7"
    if coding & 0xF4 == 0xF0:
        return "gsm7"
    raise BadTpdu(f"TP-DCS {coding}")


def _letters(septets: list[int]) -> str:
    text, place = "", 0
    while place < len(septets):
        if septets[place] == 27:
            place += 1
            if place == len(septets) or septets[place] not in EXTRA_BY_SEPTET:
                raise BadTpdu("an escape with nothing to escape: a pair was split")
            text += EXTRA_BY_SEPTET[septets[place]]
        else:
            text += BASIC[septets[place]]
        place += 1
    return text


def _validity(form: int, tpdu: list[int], place: int) -> tuple[float | None, int]:
    if form == 0:
        return None, place
    if form != 2:
        return None, place + 7
    value = tpdu[place]
    if value < 144:
        minutes = (value + 1) * 5
    elif value < 168:
        minutes = 720 + (value - 143) * 30
    else:
        minutes = (value - 166) * 1440 if value < 197 else (value - 192) * 10080
    return minutes, place + 1


def _concatenation(header: list[int]) -> tuple[int | None, int, int]:
    place = 0
    while place < len(header):
        element, size = header[place], header[place + 1]
        data = header[place + 2 : place + 2 + size]
        if element in (0, 8):
            *reference, total, number = data
            if not 1 <= number <= total or len(reference) != (1 if element == 0 else 2):
                raise BadTpdu(f"part {number} of {total}")
            return int.from_bytes(bytes(reference), "big"), total, number
        place += 2 + size
    return None, 1, 1


def _number(kind: int, digits: int, octets: list[int]) -> str:
    text = "".join(f"{octet % 16:X}{octet // 16:X}" for octet in octets)[:digits]
    if not text.isdigit() or (digits % 2 and octets[-1] >> 4 != 0xF):
        raise BadTpdu(f"destination {text!r}")
    return "+" + text if kind == 0x91 else text


# -- what the network sends to the phone -----------------------------------------------------------------------------


def deliver(
    number: str, text: str, sent_at: datetime, part: tuple[int, int, int] | None = None, *, wide: bool | None = None
) -> tuple[int, str]:
    """A DELIVER PDU: its length without the SMSC address, and the hex. part: reference, total, number.

    wide: in UCS-2 although it need not be, as the other parts of its message are.
    """
    header = [5, 0, 3, *part] if part else []
    if not wide and is_basic(text):
        coding, size, data = 0, *_packed(text, header)
    else:
        body = list(text.encode("utf-16-be"))
        coding, size, data = 8, len(header) + len(body), header + body
    flags = 0x04 | (0x40 if header else 0)
    tpdu = [flags, *_address(number), 0, coding, *timestamp(sent_at), size, *data]
    return _wire(tpdu)


def is_basic(text: str) -> bool:
    """Whether the GSM alphabet has all of it."""
    return all((letter in BASIC and letter != "\x1b") or letter in EXTRA for letter in text)


def status_report(reference: int, recipient: str, sent_at: datetime, done_at: datetime, status: int) -> tuple[int, str]:
    """A STATUS-REPORT PDU: its length without the SMSC address, and the hex."""
    tpdu = [0x06, reference, *_address(recipient), *timestamp(sent_at), *timestamp(done_at), status]
    return _wire(tpdu)


def parts_of(text: str) -> list[str]:
    """Cut what a handset sends as handsets do: pairs kept whole, the alphabet that of the whole message."""
    whole, room = (160, 153) if is_basic(text) else (70, 67)

    def size(letter: str) -> int:
        return (1 + (letter in EXTRA)) if whole == 160 else len(letter.encode("utf-16-be")) // 2

    if sum(map(size, text)) <= whole:
        return [text]
    parts, left = [""], room
    for letter in text:
        if size(letter) > left:
            parts.append("")
            left = room
        parts[-1] += letter
        left -= size(letter)
    return parts


def timestamp(moment: datetime) -> list[int]:
    """Seven octets of swapped digits, with the zone in quarters of an hour."""
    offset = moment.utcoffset() or timedelta()
    quarters = abs(offset) // timedelta(minutes=15)
    values = [moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second, quarters]
    octets = [value % 10 * 16 + value // 10 for value in values]
    if offset < timedelta():
        octets[6] |= 8
    return octets


def _packed(text: str, header: list[int]) -> tuple[int, list[int]]:
    septets: list[int] = []
    for letter in text:
        septets += [27, EXTRA[letter]] if letter in EXTRA else [BASIC.index(letter)]
    start = -(-len(header) * 8 // 7)
    bits = "".join(f"{octet:08b}"[::-1] for octet in header).ljust(start * 7, "0")
    bits += "".join(f"{septet:07b}"[::-1] for septet in septets)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return start + len(septets), [int(bits[n : n + 8][::-1], 2) for n in range(0, len(bits), 8)]


def _address(number: str) -> list[int]:
    digits = number.lstrip("+")
    padded = digits + "F" * (len(digits) % 2)
    octets = [int(padded[n + 1] + padded[n], 16) for n in range(0, len(padded), 2)]
    return [len(digits), 0x91 if number.startswith("+") else 0xA1, *octets]


def _wire(tpdu: list[int]) -> tuple[int, str]:
    return len(tpdu), "00" + bytes(tpdu).hex().upper()
