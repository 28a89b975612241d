"""Everything the checks look at, gathered for one moment. What another part has not told is absent, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.shared.faults import Fault
from edge.shared.messages.uplinks import Override, Switch, UplinkState
from edge.shared.messages.uplinks_firewall import Isolation
from edge.shared.model import ProbeTarget, UplinksSection
from edge.uplinks.plan import Interface
from edge.uplinks.strangers import Stranger


@dataclass(frozen=True)
class Budget:
    """The data volume of a link that is paid for, this month."""

    used_bytes: int
    limit_bytes: int
    warn_percent: int = 80


@dataclass(frozen=True)
class Flows:
    """The kernel's table of connections."""

    open: int
    most: int


@dataclass(frozen=True)
class Facts:
    """The links as they are now."""

    now: datetime
    section: UplinksSection
    states: Mapping[str, UplinkState]  # by link
    active: str | None  # holds the routes
    carrying: str | None  # carries traffic; None when no link does
    interfaces: Mapping[str, Interface] = field(default_factory=dict)  # by name, those that are there
    switches: Sequence[Switch] = ()  # the newest ones, oldest first
    lost_in_row: Mapping[tuple[str, ProbeTarget], int] = field(default_factory=dict)  # probes, by link and target
    clock_synchronised: bool | None = None
    probe_mb_month: Mapping[str, float] = field(default_factory=dict)  # by link: a month of nothing but standing by
    budgets: Mapping[str, Budget] = field(default_factory=dict)  # by link
    flows: Flows | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)  # what the kernel refused -> why
    budget_fault: str | None = None  # why what was used cannot be kept
    history_fault: str | None = None
    settings_refused: Sequence[Fault] = ()
    overrides: Sequence[Override] = ()  # what persons want of the links
    overrides_lost: bool = False  # it cannot be read
    isolation: Isolation | None = None  # zones that a person cut off
    isolation_fault: str | None = None  # why that could not be read or written
    strangers: frozenset[Stranger] = frozenset()
    foreign_changes: Mapping[str, str] = field(default_factory=dict)  # what somebody else changed -> when put back
