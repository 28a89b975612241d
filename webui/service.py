"""fr.repli.web: how web is."""

from __future__ import annotations

from edge.shared.clock import Clock, utc_text
from edge.shared.messages.common import STATUS, DaemonStatus, Issue
from edge.shared.pins import PinFile
from edge.shared.rights import Caller
from edge.shared.storage import DocumentDamaged
from edge.shared.varlink import Server
from edge.shared.varlink_idl import NoParams
from webui.serving import Serving
from webui.sessions import Sessions
from webui.settings import InForce


class Service:
    """Answers Status; remembers since when each issue is there."""

    def __init__(self, settings: InForce, serving: Serving, sessions: Sessions, pins: PinFile, clock: Clock) -> None:
        self.settings = settings
        self.serving = serving
        self.sessions = sessions
        self.pins = pins
        self.clock = clock
        self._since: dict[str, str] = {}

    def register(self, server: Server) -> None:
        """Serve the interface."""
        server.on(STATUS, self.status)

    async def status(self, _params: NoParams, _caller: Caller) -> DaemonStatus:
        """Where the pages are, who is logged in, and what is wrong."""
        issues = self._issues()
        return DaemonStatus(
            daemon="web",
            state="degraded" if issues else "ok",
            summary={
                "url": self.settings.url,
                "listening": "yes" if self.serving.listening.is_set() else "no",
                "sessions": str(len(self.sessions)),
            },
            issues=issues,
        )

    def _issues(self) -> list[Issue]:
        found: dict[str, dict[str, str]] = {}
        trouble = self.serving.trouble
        if trouble is not None:
            place = trouble.place
            found[trouble.id] = {"address": str(place.address), "port": str(place.port), "reason": trouble.reason}
        found |= {id_: {"reason": reason} for id_, reason in self.sessions.troubles.items()}
        found |= self._pin_issue()
        now = utc_text(self.clock.now())
        self._since = {id_: self._since.get(id_, now) for id_ in found}
        return [Issue(id=id_, data=data, since=self._since[id_]) for id_, data in found.items()]

    def _pin_issue(self) -> dict[str, dict[str, str]]:
        try:
            return {} if self.pins.roles() else {"web.no_pin": {}}
        except (DocumentDamaged, OSError) as error:
            return {"web.pins_unreadable": {"reason": str(error)}}
