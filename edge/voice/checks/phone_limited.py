"""A phone of the building asks too much or gives wrong passwords, and is slowed down."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice_guard import BanKind
from edge.voice.facts import Facts
from edge.voice.kamailio_alarms import lasting

ISSUE = "voice.phone_limited"
SEVERITY = Severity.FAULT
SUGGESTION = "find_phone"
FIX = "voice bans"


def check(facts: Facts) -> Iterator[Finding]:
    """Each of them."""
    if not facts.serves:
        return
    for ban in lasting(facts.alarms.bans, facts.now):
        if ban.kind is BanKind.LIMITED:
            yield Finding(ban.address, {"address": ban.address, "reason": ban.reason, "extension": ban.extension})
