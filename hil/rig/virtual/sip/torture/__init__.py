"""The torture messages of RFC 4475 as data, each with the answers the RFC allows a proxy and registrar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("rfc4475.txt")

# Passed on, or asked for a proof, or no such call or extension: but not refused for its form.
UNDERSTOOD = frozenset({200, 401, 404, 407, 480, 481})
# Where a stream cannot tell the end of the message it may wait for the rest, or close (RFC 3261, 18.3).
NO_FRAME = frozenset({"clerr", "ncl", "mcl01", "inv2543"})


@dataclass(frozen=True)
class Torture:
    """One message. codes: the final answers allowed; silence: none may be, or must be if codes is empty."""

    name: str
    section: str
    codes: frozenset[int]
    raw: bytes

    @property
    def understood(self) -> bool:
        """Whether it has to be taken for the valid message it is."""
        return self.codes == UNDERSTOOD

    def marked(self, mark: str) -> bytes:
        """The message in a transaction of its own: some share their branch, and then count as repeated."""
        head, blank, body = self.raw.partition(b"\r\n\r\n")
        head = re.sub(rb"(branch\s*=\s*z9hG4bK[^\s;,]+)", rb"\1." + mark.encode(), head)
        head = re.sub(rb"(?im)^((?:call-id|i)\s*:\s*[^\s]+)", rb"\1." + mark.encode(), head)
        return head + blank + body

    def silence_allowed(self, transport: str) -> bool:
        """Whether no answer at all is right."""
        return not self.codes or (transport == "tcp" and self.name in NO_FRAME)


@cache
def messages() -> tuple[Torture, ...]:
    """All of them, in the RFC's order."""
    parts = re.split(r"^## (\S+) (\S+) (\S+)\n", DATA.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return tuple(
        Torture(name, section, _codes(answers), _raw(text))
        for name, section, answers, text in zip(*(iter(parts),) * 4, strict=True)
    )


def _codes(answers: str) -> frozenset[int]:
    codes: set[int] = set()
    for word in answers.split("|"):
        match word:
            case "understood":
                codes |= UNDERSTOOD
            case "silence":
                pass
            case _:
                codes.add(int(word))
    return frozenset(codes)


def _raw(text: str) -> bytes:
    text = re.sub(r"<allOneLine>\n(.*?)\n</allOneLine>", lambda m: m[1].replace("\n", ""), text, flags=re.DOTALL)
    raw = text.rstrip("\n").replace("\n", "\r\n").encode()
    raw = re.sub(rb"<hex>([0-9A-Fa-f\s]*)</hex>", lambda m: bytes.fromhex(m[1].decode()), raw)
    raw = re.sub(rb"<repeat count=(\d+)>(.*?)</repeat>", lambda m: m[2] * int(m[1]), raw, flags=re.DOTALL)
    return raw + (b"\r\n" if b"\r\n\r\n" in raw else b"\r\n\r\n")
