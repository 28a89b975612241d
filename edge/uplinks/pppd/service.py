"""fr.repli.pppd on its socket."""

from __future__ import annotations

from edge.shared.messages.common import STATUS, DaemonStatus, state_of
from edge.shared.messages.pppd import PPPD
from edge.shared.paths import Paths
from edge.shared.rights import Caller
from edge.shared.varlink import Server
from edge.shared.varlink_idl import NoParams
from edge.uplinks.pppd.sessions import Sessions


class PppdService:
    """Says how the sessions are."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def server(self, paths: Paths) -> Server:
        """The server, not started yet."""
        server = Server(PPPD, paths.socket("pppd"))
        server.on(STATUS, self.status)
        return server

    async def status(self, _: NoParams, _caller: Caller) -> DaemonStatus:
        """How the daemon is."""
        issues = self._sessions.issues()
        count = str(len(self._sessions.links))
        return DaemonStatus(daemon="pppd", state=state_of(issues), summary={"sessions": count}, issues=issues)
