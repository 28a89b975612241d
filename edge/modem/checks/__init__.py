"""Every known fault of the modems: one file each, named like its issue, found by being in this folder. All pure."""

from __future__ import annotations

from edge.modem.facts import Facts
from edge.shared.checks import Check, Finding, checks_of, found_by


def all_checks() -> tuple[Check[Facts], ...]:
    """Every check of this folder, by name."""
    return checks_of(__name__)


def found(facts: Facts) -> list[tuple[Check[Facts], Finding]]:
    """Everything that is wrong now."""
    return found_by(all_checks(), facts)
