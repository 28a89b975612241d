"""An HTTP request and whether what comes back is the expected answer (RFC 9112). Pure.

A captive portal answers every request, with 200 or a redirection and its own page: a status alone is believed only if
it is 204, everything else needs a text in the page.
"""

from __future__ import annotations

import re

from edge.shared.model import ProbeTarget
from edge.uplinks.probes.answers import shown

ANSWER_MAX = 8192  # bytes of head and page that are looked at; more is no better
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?\r?\n")
_STATUS_LINE_MAX = 256
_HEAD_END = re.compile(rb"\r?\n\r?\n")


def request(target: ProbeTarget) -> bytes:
    """What is sent. A cache of the provider's would answer for a server that is out of reach: none may."""
    lines = (
        f"GET {target.path or '/'} HTTP/1.1",
        f"Host: {target.host_name or target.host}",
        "User-Agent: repli",
        "Cache-Control: no-cache",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


class HttpAnswer:
    """An answer as it comes in. Bounded; whatever comes, nothing raises."""

    def __init__(self, target: ProbeTarget) -> None:
        self._status = target.right_status
        self._text = (target.expect_text or "").encode()
        self._data = b""
        self.wrong: str | None = None  # once over: what was got instead; None: the right answer

    def feed(self, data: bytes) -> bool:
        """Take in more of it, b"" for its end. True once it is over: nothing more needs to come."""
        self._data += data
        ended = not data or len(self._data) >= ANSWER_MAX
        line = _STATUS_LINE.match(self._data)
        if line is None:
            over = ended or len(self._data) > _STATUS_LINE_MAX
            self.wrong = shown(self._data) or "nothing" if over else None
            return over
        if int(line[1]) != self._status:
            self.wrong = shown(line[0])
            return True
        return self._page_is_over(ended=ended)

    def _page_is_over(self, *, ended: bool) -> bool:
        head = _HEAD_END.search(self._data)
        if not self._text and head:
            return True
        page = self._data[head.end() :] if head else b""
        if self._text and self._text in page:
            return True
        if ended:
            self.wrong = shown(self._data[:_STATUS_LINE_MAX].partition(b"\n")[0] + b" " + page)
        return ended
