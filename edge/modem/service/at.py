"""AT commands of a technician: judged, done between two messages, and the modem set up anew after what breaks sending."""

from __future__ import annotations

import logging

from edge.modem.fleet import Fleet
from edge.modem.one_modem.keeper import Keeper
from edge.modem.port.at import AtClosed, AtOutOfStep, AtPort, AtRefused, AtSilent, AtUnsettled
from edge.modem.service import at_guard
from edge.modem.service.at_guard import Verdict
from edge.shared.messages.common import Role, RoleRequired
from edge.shared.messages.modem_at import AT, AtParams, AtResult, BreaksSending, NotForThisPort
from edge.shared.messages.modem_calls import NoModemReady
from edge.shared.messages.modem_radio import NoSuchModem
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server

log = logging.getLogger(__name__)

PATIENT_S = 10.0  # messages wait as long, those of the crisis cell, too


class AtDesk:
    """Takes them one by one."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def serve_on(self, server: Server) -> None:
        """Register the method."""
        server.on(AT, self.at)

    async def at(self, params: AtParams, _caller: Caller) -> AtResult:
        """Have it done; messages wait meanwhile."""
        if params.actor.role is not Role.TECHNICIAN:
            raise Refused(RoleRequired(role=Role.TECHNICIAN))
        verdict = at_guard.judge(params.command)
        if verdict is Verdict.NEVER:
            raise Refused(NotForThisPort(command=at_guard.names(params.command)))
        holds_up = verdict is Verdict.BREAKS or params.timeout_s > PATIENT_S
        if holds_up and not params.breaks_sending:
            raise Refused(BreaksSending(command=at_guard.names(params.command)))
        keeper = self._fleet.keeper(params.modem)
        if keeper is None:
            raise Refused(NoSuchModem(modem=params.modem) if params.modem else NoModemReady(modem=""))
        log.warning("%s: %s by %s", keeper.device.name, at_guard.names(params.command), params.actor.user)
        return await self._done(keeper, params, anew=verdict is Verdict.BREAKS)

    async def _done(self, keeper: Keeper, params: AtParams, *, anew: bool) -> AtResult:
        name = keeper.device.name
        said: list[str] = []
        error: str | None = None

        async def errand(port: AtPort) -> None:
            nonlocal error
            try:
                said.extend(await port.command(params.command, timeout=params.timeout_s))
            except (AtRefused, AtSilent) as failed:
                error = str(failed)
            if anew:
                raise AtUnsettled(f"{at_guard.names(params.command)} came in between")

        if keeper.session is None:
            raise Refused(NoModemReady(modem=name))
        try:
            await keeper.errand(errand)
        except AtOutOfStep as ended:
            error = error if anew else str(ended)
        except AtClosed as ended:
            error = str(ended)
        return AtResult(modem=name, lines=said, error=error)
