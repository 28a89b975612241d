"""The metered link's volume is nearly used up: what is not vital stops first, then it costs."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.messages.common import Severity
from edge.uplinks.checks import Finding
from edge.uplinks.facts import Facts

ISSUE = "uplinks.budget_nearly_used"
SEVERITY = Severity.FAULT
SUGGESTION = "spare_data"
FIX = "uplinks list"

NEARLY_PERCENT = 80


def check(facts: Facts) -> Iterator[Finding]:
    """Each link with less than a fifth of its volume left."""
    for link, budget in facts.budgets.items():
        if budget.limit_bytes > 0 and 100 * budget.used_bytes >= NEARLY_PERCENT * budget.limit_bytes:
            percent = 100 * budget.used_bytes // budget.limit_bytes
            yield Finding(link, {"percent": str(percent), "limit_mb": str(budget.limit_bytes // 1_000_000)})
