"""Known faults as files: each module of a folder finds one fault in the facts of its daemon. All pure (ADR 0086)."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from edge.shared.messages.common import Issue, Severity

Facts_contra = TypeVar("Facts_contra", contravariant=True)
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Finding:
    """One fault that is there now; the data are for its words."""

    subject: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


class Check(Protocol[Facts_contra]):
    """A module of such a folder. Words for ISSUE and SUGGESTION are in edge/cli/issues.py."""

    ISSUE: str
    SEVERITY: Severity
    SUGGESTION: str  # id of what a person may do
    FIX: str  # the command of `repli` that helps

    def check(self, facts: Facts_contra) -> Iterator[Finding]:
        """The places where the fault is now."""


@functools.cache
def checks_of(package: str) -> tuple[Check[Any], ...]:
    """Every check of a package, by name: the folder is the list."""
    folder = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folder))
    return tuple(_load(package, name) for name in names)


def found_by(checks: Iterable[Check[Facts]], facts: Facts) -> list[tuple[Check[Facts], Finding]]:
    """Everything that is wrong now."""
    return [(check, finding) for check in checks for finding in check.check(facts)]


def issue_of(check: Check[Any], finding: Finding, since: str) -> Issue:
    """The issue as others are told of it; since: RFC 3339, when it was first seen."""
    return Issue(
        id=check.ISSUE,
        subject=finding.subject,
        data=dict(finding.data),
        since=since,
        severity=check.SEVERITY,
        suggestion=check.SUGGESTION,
        fix=check.FIX,
    )


def _load(package: str, name: str) -> Check[Any]:
    check: Check[Any] = importlib.import_module(f"{package}.{name}")
    return check
