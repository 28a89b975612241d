"""Extensions without a digest secret cannot prove who they are when the cloud PBX is lost."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts
from edge.voice.tables import unprotected

ISSUE = "voice.unprotected_extensions"
SEVERITY = Severity.FAULT
SUGGESTION = "add_secrets"
FIX = "voice phones"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with all of them."""
    alone = unprotected(facts.settings)
    if facts.serves and alone:
        yield Finding(data={"extensions": ", ".join(alone)})
