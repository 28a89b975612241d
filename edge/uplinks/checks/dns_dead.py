"""Names do not resolve by a link that is good otherwise: people say "Internet is down" all the same."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.uplinks import UplinkState
from edge.shared.model import ProbeKind
from edge.uplinks.facts import Facts

ISSUE = "uplinks.dns_dead"
SEVERITY = Severity.FAULT
SUGGESTION = "change_resolvers"
FIX = "uplinks probe"

DEAD_AFTER = 5  # probes in a row
_ANSWERS = {UplinkState.UP, UplinkState.POOR}  # poor, as silent name servers count as loss


def check(facts: Facts) -> Iterator[Finding]:
    """Each link that answers, but by which no DNS target answers any more."""
    for link in facts.section.links:
        if facts.states[link.name] not in _ANSWERS:
            continue
        servers = [target for target in link.targets or facts.section.targets if target.kind is ProbeKind.DNS]
        silent = [server for server in servers if facts.lost_in_row.get((link.name, server), 0) >= DEAD_AFTER]
        if servers and silent == servers:
            yield Finding(link.name, {"servers": ", ".join(str(server.host) for server in silent)})
