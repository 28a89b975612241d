"""The metered link's volume is nearly used up: when it is gone, bulk stops."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.budget_nearly_used"
SEVERITY = Severity.FAULT
SUGGESTION = "spare_data"
FIX = "uplinks budget"


def check(facts: Facts) -> Iterator[Finding]:
    """Each link that used as much as the settings want to be warned of, and not yet all."""
    for link, budget in facts.budgets.items():
        percent = 100 * budget.used_bytes // budget.limit_bytes
        if budget.warn_percent <= percent < 100:
            yield Finding(link, {"percent": str(percent), "limit_mb": str(budget.limit_bytes // 1_000_000)})
