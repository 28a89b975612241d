"""A link that somebody forbade still carries, as no other could."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import Wish
from edge.uplinks.facts import Facts

ISSUE = "uplinks.forbidden_in_use"
SEVERITY = Severity.FAULT
SUGGESTION = "release_it"
FIX = "uplinks release"


def check(facts: Facts) -> Iterator[Finding]:
    """The active link, if it is one."""
    for entry in facts.overrides:
        if entry.wish is Wish.FORBID and entry.link == facts.carrying:
            yield Finding(entry.link, {"author": entry.author, "reason": entry.reason})
