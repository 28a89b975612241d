"""Somebody wants a link to carry."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import Wish
from edge.uplinks.facts import Facts

ISSUE = "uplinks.forced"
SEVERITY = Severity.INFO
SUGGESTION = "release_it"
FIX = "uplinks release"


def check(facts: Facts) -> Iterator[Finding]:
    """Each such wish, shown wherever issues are."""
    for entry in facts.overrides:
        if entry.wish is Wish.FORCE:
            until = entry.expires_at[:16].replace("T", " ")
            yield Finding(entry.link, {"author": entry.author, "reason": entry.reason, "until": until})
