"""Every known fault of the links: one file each, named like its issue, found by being in this folder. All pure."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts


@dataclass(frozen=True)
class Finding:
    """One fault that is there now; the data are for its words."""

    subject: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


class Check(Protocol):
    """A module of this folder. Words for ISSUE and SUGGESTION are in edge/cli/issues.py."""

    ISSUE: str
    SEVERITY: Severity
    SUGGESTION: str  # id of what a person may do
    FIX: str  # the command of `repli` that helps

    def check(self, facts: Facts) -> Iterator[Finding]:
        """The places where the fault is now."""


@functools.cache
def all_checks() -> tuple[Check, ...]:
    """Every check of this folder, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(_load(name) for name in names)


def found(facts: Facts) -> list[tuple[Check, Finding]]:
    """Everything that is wrong now."""
    return [(check, finding) for check in all_checks() for finding in check.check(facts)]


def _load(name: str) -> Check:
    check: Check = importlib.import_module(f"{__name__}.{name}")
    return check
