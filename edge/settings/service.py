"""fr.repli.settings: what the settings daemon answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator

from edge.settings.decision import Entry, RequestReused
from edge.settings.issues import Issues
from edge.settings.keeper import InForce, Keeper
from edge.shared.clock import utc_text
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.settings import (
    APPLY,
    CHECK,
    CONFIRM,
    GET,
    SCHEMA,
    WATCH,
    ApplyParams,
    CheckResult,
    DocumentParams,
    NothingToConfirm,
    RequestIdReused,
    Revision,
    SchemaResult,
    SettingsFaulty,
    SettingsUpdate,
    StorageFailed,
    WatchParams,
)
from edge.shared.model import Site
from edge.shared.rights import ROOT, Caller
from edge.shared.section import SettingsRefused, only_section, parse_site
from edge.shared.varlink import Denied, Refused, Server
from edge.shared.varlink_idl import NoParams

# Whose user may watch a section besides the daemon of that name: programs that start from it.
READERS = {"voice": frozenset({"voice", "kamailio"}), "uplinks": frozenset({"uplinks", "dnsmasq", "chrony"})}


class Service:
    """Answers calls from the keeper's state."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.issues = Issues()

    def register(self, server: Server) -> None:
        """Hand every method its handler."""
        server.on(STATUS, self.status)
        server.on(GET, self.get)
        server.on(CHECK, self.check)
        server.on(APPLY, self.apply)
        server.on(CONFIRM, self.confirm)
        server.on(SCHEMA, self.schema)
        server.on_stream(WATCH, self.watch)

    async def status(self, _params: NoParams, _caller: Caller) -> DaemonStatus:
        """Revision, author, and what is wrong."""
        state = self.keeper.in_force()
        raised = self.issues.now(self.keeper, state)
        summary = {
            "revision": str(state.entry.revision),
            "author": state.entry.author,
            "at": utc_text(state.entry.at),
            "site": state.site.site.name,
        }
        return DaemonStatus(daemon="settings", state="degraded" if raised else "ok", summary=summary, issues=raised)

    async def get(self, _params: NoParams, caller: Caller) -> Revision:
        """The revision in force."""
        return self._revision(self.keeper.in_force().entry, caller)

    async def check(self, params: DocumentParams, _caller: Caller) -> CheckResult:
        """Every fault of a document."""
        try:
            parse_site(params.document)
        except SettingsRefused as refused:
            return CheckResult(faults=refused.faults)
        return CheckResult(faults=[])

    async def apply(self, params: ApplyParams, caller: Caller) -> Revision:
        """Verify, keep, write, tell: in this order."""
        try:
            entry = self.keeper.apply(
                params.document,
                author=params.author,
                request_id=params.request_id,
                confirm_within_s=params.confirm_within_s,
            )
        except SettingsRefused as refused:
            raise Refused(SettingsFaulty(faults=refused.faults)) from refused
        except RequestReused as reused:
            raise Refused(RequestIdReused(request_id=params.request_id)) from reused
        except OSError as error:
            raise Refused(StorageFailed(reason=error.strerror or str(error))) from error
        return self._revision(entry, caller)

    async def confirm(self, _params: NoParams, caller: Caller) -> Revision:
        """Garder ces réglages."""
        if self.keeper.book.pending is None:
            raise Refused(NothingToConfirm())
        try:
            return self._revision(self.keeper.confirm(), caller)
        except OSError as error:
            raise Refused(StorageFailed(reason=error.strerror or str(error))) from error

    async def schema(self, _params: NoParams, _caller: Caller) -> SchemaResult:
        """The published JSON Schema."""
        return SchemaResult(json_schema=Site.model_json_schema())

    async def watch(self, params: WatchParams, caller: Caller) -> AsyncIterator[SettingsUpdate]:
        """The whole document for root; for a daemon `site` and its own section, when they change."""
        if not may_watch(caller, params.section):
            raise Denied
        last: SettingsUpdate | None = None
        async for state in self.keeper.watchers.watch():
            update = update_for(state, params.section)
            if last is None or (update.settings, update.refused) != (last.settings, last.refused):
                last = update
                yield update

    def _revision(self, entry: Entry, caller: Caller) -> Revision:
        site = parse_site(entry.text)
        document = site.model_dump(mode="json", exclude_unset=True)
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        pending = self.keeper.book.pending
        waits = pending is not None and pending.revision == entry.revision
        whole = caller.user == ROOT
        return Revision(
            revision=entry.revision,
            digest=hashlib.sha256(canonical.encode()).hexdigest(),
            author=entry.author,
            at=utc_text(entry.at),
            confirm_by=utc_text(pending.confirm_by) if pending and waits else None,
            settings=document if whole else {},
            document=entry.text if whole else "",
        )


def may_watch(caller: Caller, section: str | None) -> bool:
    """Root sees everything; a daemon its own section, for the others hold secrets."""
    if caller.user == ROOT:
        return True
    return section is not None and caller.user in READERS.get(section, frozenset({section}))


def update_for(state: InForce, section: str | None) -> SettingsUpdate:
    """What a watcher of this section is told."""
    site = state.site if section is None else only_section(state.site, section)
    return SettingsUpdate(
        revision=state.entry.revision,
        settings=site.model_dump(mode="json", exclude_unset=True),
        refused=list(state.refused),
    )
