"""What every interface shares: status, issues, and the person who acts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from edge.shared.varlink_idl import ErrorReply, Message, Method, NoParams

REASON_MAX, REQUEST_ID_MAX = 200, 100  # characters
LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"  # what others will read on a terminal must not act on it


class Severity(StrEnum):
    """How much an issue matters."""

    FAULT = "fault"  # to be put right; the box is not well
    INFO = "info"  # good to know; the box is well


class Issue(Message):
    """A known fault that is there now. Words are made at the edge from id and data."""

    id: str = Field(description="Stable, e.g. uplinks.interface_missing")
    subject: str = Field("", description="What it is about, e.g. the name of a link")
    data: dict[str, str] = {}
    since: str = Field(description="RFC 3339, UTC")
    severity: Severity = Severity.FAULT
    suggestion: str = Field("", description="Stable id of what a person may do; empty: the fault's own words say it")
    fix: str = Field("", description="The command of `repli` that helps, without its arguments")


class DaemonStatus(Message):
    """How a daemon is."""

    daemon: str
    state: str = Field(description="ok, or degraded when there is a fault")
    summary: dict[str, str] = Field({}, description="Figures for `repli status`, by stable key")
    issues: list[Issue] = []


def state_of(issues: Iterable[Issue]) -> str:
    """The state that follows from the issues: what is only good to know degrades nothing."""
    return "degraded" if any(issue.severity is Severity.FAULT for issue in issues) else "ok"


STATUS: Method[NoParams, DaemonStatus] = Method("Status", NoParams, DaemonStatus, "How the daemon is, and its issues.")


class Role(StrEnum):
    """What a person may do."""

    OPERATOR = "operator"
    TECHNICIAN = "technician"


class Actor(Message):
    """The person who acts, as the web page or the command line knows them."""

    user: str
    role: Role = Role.OPERATOR
    via: str = Field("cli", description="web, cli")


class RoleRequired(ErrorReply):
    """The acting person may not do this."""

    role: Role
