"""Addresses outside scan, guess or flood, and are blocked."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice_guard import BanKind
from edge.voice.facts import Facts
from edge.voice.kamailio_alarms import lasting

ISSUE = "voice.addresses_blocked"
SEVERITY = Severity.INFO
SUGGESTION = "unblock_if_known"
FIX = "voice bans"

SHOWN = 5


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with the first of them."""
    kept_out = lasting(facts.alarms.bans, facts.now) if facts.serves else ()
    blocked = [ban.address for ban in kept_out if ban.kind is BanKind.BLOCKED]
    if blocked:
        yield Finding(data={"count": str(len(blocked)), "addresses": ", ".join(blocked[:SHOWN])})
