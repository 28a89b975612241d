"""SIP OPTIONS over UDP (RFC 3261, 11.1): whatever the final response is, somebody who speaks SIP is alive there."""

from __future__ import annotations

import re
import secrets

from edge.uplinks.packets import TOKEN_BYTES
from edge.uplinks.probes.answers import Heard

_STATUS = re.compile(r"SIP/2\.0 ([2-6][0-9]{2})(?: |$)", re.IGNORECASE)  # a provisional 1xx is no answer yet
_CSEQ = re.compile(r"([0-9]{1,10})\s+OPTIONS")
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)
_COMPACT = {"v": "via", "i": "call-id"}  # RFC 3261, 7.3.3
_HEADER_MAX = 4096
_MAGIC = "z9hG4bK"  # begins every branch (RFC 3261, 8.1.1.7)
# Who sends is known by the source of the packet (rport, RFC 3581): the box has no name of its own out there.
_SENT_BY = "repli.invalid"


class SipQuestion:
    """An OPTIONS request, each a transaction of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._uri = f"sip:{host}:{port}"
        self._token = secrets.token_hex(TOKEN_BYTES)

    def ask(self, number: int) -> bytes:
        """The request of round number."""
        lines = (
            f"OPTIONS {self._uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {_SENT_BY};rport;branch={self._branch(number)}",
            "Max-Forwards: 70",
            f"From: <sip:repli@{_SENT_BY}>;tag={self._token[:8]}",
            f"To: <{self._uri}>",
            f"Call-ID: {self._call_id(number)}",
            f"CSeq: {number} OPTIONS",
            f"Contact: <sip:repli@{_SENT_BY}>",
            "Content-Length: 0",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def understand(self, payload: bytes) -> Heard | None:
        """The round's number, if this is the final response to a request of ours."""
        first, _, rest = payload[:_HEADER_MAX].decode("latin-1").partition("\r\n")
        if not _STATUS.match(first):
            return None
        headers = first_headers(rest)
        cseq, branch = _CSEQ.fullmatch(headers.get("cseq", "")), _BRANCH.search(headers.get("via", ""))
        if cseq is None or branch is None:
            return None
        number = int(cseq[1])
        if branch[1] != self._branch(number) or headers.get("call-id") != self._call_id(number):
            return None
        return Heard(number)

    def _branch(self, number: int) -> str:
        return f"{_MAGIC}{self._token}.{number}"

    def _call_id(self, number: int) -> str:
        return f"{self._token}.{number}@{_SENT_BY}"


def first_headers(text: str) -> dict[str, str]:
    """The first value of each header by its full name in lower case; folded lines put together (RFC 3261, 7.3.1)."""
    headers: dict[str, str] = {}
    unfolded = re.sub(r"\r\n[ \t]+", " ", text.partition("\r\n\r\n")[0])
    for line in unfolded.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip().lower()
            headers.setdefault(_COMPACT.get(name, name), value.strip())
    return headers
