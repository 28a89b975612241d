"""The settings have a metered link asked so often while it stands by that its probes cost more than their budget."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts
from edge.uplinks.probe_cost import budget_mb

ISSUE = "uplinks.probe_budget_exceeded"
SEVERITY = Severity.INFO  # somebody asked for it, and may want to pay for it
SUGGESTION = "remove_standby_interval"
FIX = "uplinks list"


def check(facts: Facts) -> Iterator[Finding]:
    """Each metered link whose standby_interval_ms costs more than the budget that would else set the pace."""
    for link in facts.section.links:
        cost = facts.probe_mb_month.get(link.name, 0.0)
        if link.metered and link.standby_interval_ms is not None and cost > budget_mb(link):
            data = {"mb": str(math.ceil(cost)), "budget_mb": f"{budget_mb(link):g}"}
            yield Finding(link.name, {**data, "interval_ms": str(link.standby_interval_ms)})
