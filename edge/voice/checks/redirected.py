"""Numbers that a person sent elsewhere for a while: forgotten, it looks like a fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice_redirects import Redirect
from edge.voice.facts import Facts

ISSUE = "voice.redirected"
SEVERITY = Severity.INFO
SUGGESTION = "end_redirect"
FIX = "voice redirect"


def check(facts: Facts) -> Iterator[Finding]:
    """One for each action of a person."""
    for _, together in groupby(sorted(facts.redirects, key=_request), key=_request):
        ones = list(together)
        first, numbers = ones[0], ", ".join(one.number for one in ones)
        until = f"{datetime.fromisoformat(first.until):%Y-%m-%d %H:%M}"
        said = {
            "numbers": numbers,
            "to": first.to,
            "until": until,
            "author": first.author,
            "reason": first.reason or "-",
        }
        if facts.serves:
            yield Finding(numbers, said)


def _request(redirect: Redirect) -> str:
    return redirect.request_id
