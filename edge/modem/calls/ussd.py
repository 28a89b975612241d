"""A dialogue with the network (USSD): what is asked, and what its answer says (3GPP TS 27.007, 7.15; TS 23.038, 5). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from edge.modem.pdu import gsm0338
from edge.shared.gsm7 import fits
from edge.shared.sms_length import Encoding

CODE = re.compile(r"[0-9*#+]{1,182}$")  # TS 23.038, 6.1.2.3: 182 septets in 160 octets
ANSWER = re.compile(r'\+CUSD: ?(\d)(?:, ?"?(.*?)"?(?:, ?(-?\d+))?)?$', re.DOTALL)
HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+$")
ENGLISH_UNSPECIFIED = 15  # the data coding scheme of a code in the GSM alphabet
FILLING = (0x0D, 0x00)  # what the seven spare bits of full octets hold: CR by TS 23.038, 6.1.2.3.1, nothing from others
PACKED_MIN = 10  # hex digits; a shorter text of letters A to F is taken for what it says


class Said(IntEnum):
    """What the network makes of it: <m> of +CUSD."""

    DONE = 0
    WANTS_MORE = 1
    ENDED = 2  # by the network
    OTHER_CLIENT = 3
    NOT_SUPPORTED = 4
    TIMED_OUT = 5


@dataclass(frozen=True)
class UssdAnswer:
    """One +CUSD."""

    said: Said
    text: str


def requests(code: str) -> Iterator[tuple[str, str]]:
    """The character set to select and the command, best first: makers differ in what they take.

    UCS2 brings every answer in hex digits: no line ends, quotes or lost accents in it. Then plain, as most manuals show
    it; then packed septets in hex, which the oldest want.
    """
    yield "UCS2", f'AT+CUSD=1,"{code.encode("utf-16-be").hex().upper()}",{ENGLISH_UNSPECIFIED}'
    yield "GSM", f'AT+CUSD=1,"{code}",{ENGLISH_UNSPECIFIED}'
    yield "GSM", f'AT+CUSD=1,"{gsm0338.pack(gsm0338.encode(code)).hex().upper()}",{ENGLISH_UNSPECIFIED}'


def answer(line: str) -> UssdAnswer | None:
    """Read +CUSD, whatever character set it came in; None when it is no such line."""
    found = ANSWER.match(line)
    if found is None or int(found[1]) not in list(Said):
        return None
    said = Said(int(found[1]))
    text = "" if said in (Said.NOT_SUPPORTED, Said.TIMED_OUT) else found[2] or ""
    scheme = int(found[3]) & 0xFF if found[3] else 0
    return UssdAnswer(said, _readable(text, scheme).strip())


def _readable(text: str, scheme: int) -> str:
    octets = bytes.fromhex(text) if HEX.match(text) else None
    if octets is None:
        return _from_port(text)
    alphabet, language = _alphabet(scheme)
    wide = _wide(octets)
    if wide is not None and (alphabet is Encoding.UCS2 or _looks_written(wide)):
        return wide[language // 2 :] if language and alphabet is Encoding.UCS2 else wide
    if alphabet is None:
        return octets.decode("latin-1")
    packed = _packed(text, octets)
    return text if packed is None else packed[language:]


def _alphabet(scheme: int) -> tuple[Encoding | None, int]:
    """Alphabet (None: 8 bit data), and how many letters of a language go before the text (TS 23.038, 5)."""
    group, low = scheme >> 4, scheme & 0x0F
    if group == 1:
        return (Encoding.UCS2, 2) if low == 1 else (Encoding.GSM7, 3 if low == 0 else 0)
    if 4 <= group <= 7 or group == 9:
        return {0: Encoding.GSM7, 1: None, 2: Encoding.UCS2}.get(low >> 2, Encoding.GSM7), 0
    if group == 15:
        return (None if low & 4 else Encoding.GSM7), 0
    return Encoding.GSM7, 0


def _wide(octets: bytes) -> str | None:
    try:
        return octets.decode("utf-16-be")
    except UnicodeDecodeError:
        return None


def _looks_written(text: str) -> bool:
    """Hex digits that happen to be UTF-16 of no script this network writes in are something else."""
    return all(letter in "\r\n€‘’“”–—…œŒ" or (letter.isprintable() and ord(letter) < 0x180) for letter in text)


def _packed(text: str, octets: bytes) -> str | None:
    """Text in packed septets, when the hex digits are that and not a text of their own, as a number would be."""
    if len(text) < PACKED_MIN or text.isdigit():
        return None
    septets = gsm0338.unpack(octets, len(octets) * 8 // 7)
    if len(octets) % 7 == 0 and septets[-1] in FILLING:
        septets = septets[:-1]
    return gsm0338.decode(septets)


def _from_port(text: str) -> str:
    """Plain text: the port's octets, read as Latin-1, in what the modem took for our character set."""
    if text.isascii() and any((letter < " " or letter == "\x7f") and letter not in "\r\n" for letter in text):
        return gsm0338.decode(text.encode("ascii"))
    if fits(text) or text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
