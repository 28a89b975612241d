"""No name server answers for the cloud PBX's name: its last addresses serve."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.cloud_name import Trouble
from edge.voice.facts import Facts

ISSUE = "voice.cloud_name_silent"
SEVERITY = Severity.FAULT
SUGGESTION = "check_name_servers"
FIX = "voice mode"


def check(facts: Facts) -> Iterator[Finding]:
    """Once, with the addresses that go on serving."""
    if (
        facts.serves
        and facts.naming.question is not None
        and facts.naming.trouble == Trouble.SILENT
        and facts.naming.places
    ):
        yield Finding(facts.naming.question.name, {"kept": facts.naming.kept})
