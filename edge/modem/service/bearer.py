"""fr.repli.modem, its part for the data bearers."""

from __future__ import annotations

from edge.modem.fleet import Fleet
from edge.modem.service.once import Once
from edge.shared.messages import modem_bearer as messages
from edge.shared.messages.modem_bearer import BearersResult, SetBearerParams
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams

REMEMBERED = 100


class BearerService:
    """Answers for bearers."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._wishes = Once(REMEMBERED)

    def serve_on(self, server: Server) -> None:
        """Register every method."""
        server.on(messages.BEARERS, self.bearers)
        server.on(messages.SET_BEARER, self.set_bearer)

    async def bearers(self, _params: NoParams, _caller: Caller) -> BearersResult:
        """The bearers as they are now."""
        seen = (keeper.bearer.seen() for keeper in self._fleet.keepers())
        return BearersResult(bearers=[bearer for bearer in seen if bearer is not None])

    async def set_bearer(self, params: SetBearerParams, caller: Caller) -> BearersResult:
        """Have a bearer up, or leave it down."""
        keeper = self._fleet.keeper(params.modem)
        if keeper is None or keeper.bearer.seen() is None:
            raise Refused(messages.NoSuchBearer(modem=params.modem))
        if self._wishes.is_new(params.request_id):
            keeper.bearer.want(params.up)
        return await self.bearers(NoParams(), caller)
