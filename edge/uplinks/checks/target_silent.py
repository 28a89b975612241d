"""One target answers no more by a link that is good otherwise: it proves nothing any longer, and the others must."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import UplinkState
from edge.uplinks.facts import Facts

ISSUE = "uplinks.target_silent"
SEVERITY = Severity.INFO
SUGGESTION = "change_target"
FIX = "uplinks probe"

SILENT_AFTER = 20  # probes in a row


def check(facts: Facts) -> Iterator[Finding]:
    """Each link that is up, with its targets that are silent."""
    for link in facts.section.links:
        if facts.states[link.name] is not UplinkState.UP:
            continue
        targets = link.targets or facts.section.targets
        silent = [target for target in targets if facts.lost_in_row.get((link.name, target), 0) >= SILENT_AFTER]
        if silent and len(silent) < len(targets):
            shown = ", ".join(f"{target.kind} {target.host}" for target in silent)
            yield Finding(link.name, {"targets": shown})
