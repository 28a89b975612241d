"""Octets of an AT port into lines and prompts, whatever pieces they come in. Pure (3GPP TS 27.007, 27.005)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_MAX = 4096  # octets; the longest legal line is a PDU of some 350 hex digits

# Lines nobody asked for, besides those that open with + or ^ and are not the answer awaited.
UNSOLICITED = re.compile(
    r"\+CMTI:|\+CDSI:|\+CMT:|\+CDS:|\+CBM:|\+CREG:|\+CEREG:|\+CGREG:|\+CRING:|\+CLIP:|\+CUSD:|\+QIND:|\+CFUN:|\+CPIN:"
    r"|RING$|NO CARRIER$|BUSY$|NO ANSWER$|NO DIAL ?TONE$|VOICE CALL:|MISSED_CALL:"
    r"|RDY$|SMS DONE$|SMS Ready$|Call Ready$|PB DONE$|\^"
)
TWO_LINES = re.compile(r"\+(CMT|CDS|CBM):")
HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}$")
# What a dial or an answer ends with instead of OK when it comes to nothing (ITU-T V.250, 5.7.1).
CALL_COMMAND = re.compile(r"AT(?:D|A$)")
NO_CALL = re.compile(r"NO CARRIER$|BUSY$|NO ANSWER$|NO DIAL ?TONE$")
# The text of a USSD answer may have line ends in it: it goes on until its quotes are closed.
OPEN_TEXT = re.compile(r'\+CUSD: ?\d, ?"(?!.*"(?:, ?-?\d+)?$)')
CLOSED_TEXT = re.compile(r'"(?:, ?-?\d+)?$')
TEXT_MAX, TEXT_LINES_MAX = 400, 12
REFUSAL = re.compile(r"(\+CM[ES] ERROR): ?(.*)$|ERROR$|COMMAND NOT SUPPORT$")


@dataclass(frozen=True)
class Line:
    """A whole line, without its ends."""

    text: str


@dataclass(frozen=True)
class Prompt:
    """The modem waits for the text of a message: `> ` with no line end (TS 27.005, 3.5.1)."""


class LineReader:
    """Collects octets until a line or a prompt is whole."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, octets: bytes) -> list[Line | Prompt]:
        """Take what was read; give what became whole."""
        found: list[Line | Prompt] = []
        for octet in octets:
            if octet in b"\r\n":
                self._end_line(found)
            else:
                self._pending.append(octet)
                if self._pending == b"> ":
                    self._pending.clear()
                    found.append(Prompt())
                elif len(self._pending) > LINE_MAX:
                    self._pending.clear()
        return found

    def _end_line(self, found: list[Line | Prompt]) -> None:
        if self._pending:
            # Line noise may hold any octet; NUL is what ports send while they come up.
            text = self._pending.decode("latin-1").strip(" \0\x1a\x1b")
            if text:
                found.append(Line(text))
            self._pending.clear()


class TextJoiner:
    """Makes one line of a USSD answer that was sent in several; everything else goes through as it is."""

    def __init__(self) -> None:
        self._begun: list[str] = []

    def feed(self, item: Line | Prompt) -> list[Line | Prompt]:
        """What is whole now. An answer whose end never comes holds nothing back for long: it gives up by length."""
        if not isinstance(item, Line):
            return [item]
        if self._begun:
            self._begun.append(item.text)
        elif OPEN_TEXT.match(item.text):
            self._begun = [item.text]
        else:
            return [item]
        text = "\n".join(self._begun)
        if REFUSAL.match(item.text) or len(self._begun) > TEXT_LINES_MAX or len(text) > TEXT_MAX:
            items: list[Line | Prompt] = [Line(line) for line in self._begun]
        elif len(self._begun) > 1 and CLOSED_TEXT.search(item.text):
            items = [Line(text)]
        else:
            return []
        self._begun = []
        return items
