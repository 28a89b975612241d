"""A Kamailio that our configuration was never tried with: what phones see may differ."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts

ISSUE = "voice.kamailio_version"
SEVERITY = Severity.FAULT
SUGGESTION = "reinstall_box"
FIX = "status"

TRIED = "5.6"  # Debian 12


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with both versions."""
    version = facts.inventory.version
    if facts.serves and version and not version.startswith(f"{TRIED}."):
        yield Finding(data={"version": version, "tried": TRIED})
