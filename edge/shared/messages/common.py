"""What every interface shares: status, issues, and the person who acts."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.varlink_idl import Message, Method, NoParams


class Issue(Message):
    """A known fault that is there now. Words are made at the edge from id and data."""

    id: str = Field(description="Stable, e.g. uplinks.interface_missing")
    subject: str = Field("", description="What it is about, e.g. the name of a link")
    data: dict[str, str] = {}
    since: str = Field(description="RFC 3339, UTC")


class DaemonStatus(Message):
    """How a daemon is."""

    daemon: str
    state: str = Field(description="ok, or degraded when there is an issue")
    summary: dict[str, str] = Field({}, description="Figures for `repli status`, by stable key")
    issues: list[Issue] = []


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
