"""fr.repli.settings: the owner of the configuration."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from edge.shared.faults import Fault
from edge.shared.messages.common import STATUS
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, NoParams, Params


class WatchParams(Params):
    """Which section, or null for the whole document."""

    section: str | None = None


class SettingsUpdate(Message):
    """The settings in force: `site` and the section asked for."""

    revision: int
    settings: dict[str, Any]
    refused: list[Fault] = Field([], description="Why site.toml on disk is not what is in force, if so")


class Revision(Message):
    """One whole document that is or was in force."""

    revision: int
    digest: str = Field(description="SHA-256 of the document's canonical JSON, hex")
    author: str
    at: str
    confirm_by: str | None = Field(None, description="Unless confirmed by then, the revision before comes back")
    settings: dict[str, Any] = Field(description="Whole for root, empty for others: it holds secrets")
    document: str = Field("", description="The TOML text as it was given, comments and all; for root only")


class DocumentParams(Params):
    """A whole settings document as TOML text."""

    document: str


class CheckResult(Message):
    """Every fault of the document; none when it may be applied."""

    faults: list[Fault]


class ApplyParams(Params):
    """A whole document to put in force. The same request_id twice is once the deed."""

    document: str
    request_id: str
    author: str = "root"
    confirm_within_s: int | None = Field(None, ge=10, le=86_400)


class SchemaResult(Message):
    """JSON Schema of the settings document."""

    json_schema: dict[str, Any]


class SettingsFaulty(ErrorReply):
    """The document was refused whole."""

    faults: list[Fault]


class NothingToConfirm(ErrorReply):
    """No revision waits for confirmation."""


class RequestIdReused(ErrorReply):
    """This request_id has put another document in force before."""

    request_id: str


class StorageFailed(ErrorReply):
    """The revision could not be kept (disk full, read-only): nothing was changed."""

    reason: str


WATCH = Method("Watch", WatchParams, SettingsUpdate, "The settings in force, then each change.", streams=True)
GET = Method("Get", NoParams, Revision, "The revision in force, whole.")
CHECK = Method("Check", DocumentParams, CheckResult, "Verify a document without touching anything.")
APPLY = Method("Apply", ApplyParams, Revision, "Verify a document and put it in force.")
CONFIRM = Method("Confirm", NoParams, Revision, "Keep the revision that waits for confirmation.")
SCHEMA = Method("Schema", NoParams, SchemaResult, "JSON Schema of the settings document.")

SETTINGS = Interface(
    "fr.repli.settings",
    "The owner of the configuration: revisions, verification, last known good.",
    [STATUS, WATCH, GET, CHECK, APPLY, CONFIRM, SCHEMA],
    [SettingsFaulty, NothingToConfirm, RequestIdReused, StorageFailed],
)
