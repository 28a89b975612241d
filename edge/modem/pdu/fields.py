"""Fields of transfer PDUs: addresses, times, validity (3GPP TS 23.040, 9.1.2 and 9.2.3). Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from edge.modem.pdu import gsm0338

INTERNATIONAL, UNKNOWN_TYPE, ALPHANUMERIC = 0x91, 0x81, 0x50
TYPE_OF_NUMBER = 0x70
# The digits above 9 (TS 24.008, table 10.5.118); f fills an odd number up.
DIGITS = str.maketrans("abcdef", "*#abc\0")


class Octets:
    """Takes octets from the front; ValueError when there are too few."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._place = 0

    def take(self, count: int) -> bytes:
        """So many octets."""
        if self._place + count > len(self._octets):
            raise ValueError(f"ends after {len(self._octets)} octets")
        taken = self._octets[self._place : self._place + count]
        self._place += count
        return taken

    def one(self) -> int:
        """One octet."""
        return self.take(1)[0]

    def rest(self) -> bytes:
        """All that are left."""
        return self.take(len(self._octets) - self._place)


def address(number: str) -> bytes:
    """A number as TP-DA (9.1.2.5)."""
    digits = number.removeprefix("+")
    kind = INTERNATIONAL if number.startswith("+") else UNKNOWN_TYPE
    padded = digits + "F" * (len(digits) % 2)
    swapped = "".join(padded[place + 1] + padded[place] for place in range(0, len(padded), 2))
    return bytes([len(digits), kind]) + bytes.fromhex(swapped)


def read_address(octets: Octets) -> str:
    """A number, or the name of an alphanumeric sender; "" when the network withholds it."""
    size, kind = octets.one(), octets.one()
    raw = octets.take((size + 1) // 2)
    if kind & TYPE_OF_NUMBER == ALPHANUMERIC:
        return _name(raw, size)
    digits = "".join(f"{octet & 0x0F:x}{octet >> 4:x}" for octet in raw)[:size].translate(DIGITS).replace("\0", "")
    return ("+" if kind & TYPE_OF_NUMBER == INTERNATIONAL & TYPE_OF_NUMBER else "") + digits


def _name(raw: bytes, size: int) -> str:
    """size counts half octets. Some centres count whole ones: the 7 bits left after 7 letters then read as an @."""
    septets = gsm0338.unpack(raw, size * 4 // 7)
    if len(septets) % 8 == 0 and septets.endswith(b"\0"):
        septets = septets[:-1]
    return gsm0338.decode(septets)


def read_time(octets: bytes) -> datetime | None:
    """A time stamp in UTC (9.2.3.11); None when its digits are none, as centres without a clock send."""
    digits = [digit for octet in octets for digit in (octet & 0x0F, octet >> 4)]
    below_zero, digits[12] = digits[12] & 0x08, digits[12] & 0x07
    if max(digits) > 9:
        return None
    year, month, day, hour, minute, second, quarters = (
        tens * 10 + ones for tens, ones in zip(digits[::2], digits[1::2], strict=True)
    )
    try:
        zone = timezone(timedelta(minutes=15 * (-quarters if below_zero else quarters)))
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


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


def _ceil(value: float) -> int:
    return -int(-value // 1)
