"""The cloud PBX's name does not exist any more: its last addresses serve."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.cloud_name import Trouble
from edge.voice.facts import Facts

ISSUE = "voice.cloud_name_unknown"
SEVERITY = Severity.FAULT
SUGGESTION = "ask_pbx_operator"
FIX = "voice mode"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with the addresses that go on serving."""
    if (
        facts.serves
        and facts.naming.question is not None
        and facts.naming.trouble == Trouble.UNKNOWN
        and facts.naming.places
    ):
        yield Finding(facts.naming.question.name, {"kept": facts.naming.kept})
