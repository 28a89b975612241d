"""The metered link's volume is used up: bulk is refused by it, everything else goes on and costs."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.budget_used"
SEVERITY = Severity.FAULT
SUGGESTION = "raise_budget"
FIX = "uplinks budget"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link whose volume of the month is gone."""
    for link, budget in facts.budgets.items():
        if budget.used_bytes >= budget.limit_bytes:
            yield Finding(link, {"limit_mb": str(budget.limit_bytes // 1_000_000)})
