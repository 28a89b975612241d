"""Devices registered at the cloud PBX but not through us: they are dead when it is, and cannot be called from here."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.registered_elsewhere"
SEVERITY = Severity.INFO
SUGGESTION = "set_proxy"
FIX = "voice phones"


def check(facts: Facts) -> Iterator[Finding]:
    """Each such number; a mobile application is one, too."""
    if facts.serves:
        for extension, contacts in facts.inventory.elsewhere.items():
            yield Finding(extension, {"extension": extension, "contacts": ", ".join(contacts)})
