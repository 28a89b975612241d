"""Calls that were being set up through the cloud PBX when the link changed.

The PBX answers where the call came from, and that was the link before: no answer will ever come. Whoever dialled is told
so at once, and may dial again by the new link, instead of listening to nothing for three minutes.
"""

from __future__ import annotations

import logging

from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused, RpcSilent
from edge.voice.kamailio_view import items_of

log = logging.getLogger(__name__)

CODE, REASON = 480, "Link Changed"  # not 503: phones would give the box up, too


class Setups:
    """The calls that wait for an answer of the cloud PBX."""

    def __init__(self, rpc: KamailioRpc) -> None:
        self._rpc = rpc

    async def end(self) -> None:
        """Answer every caller, which cancels what was asked for at the cloud PBX. A silent Kamailio has no calls."""
        try:
            waiting = items_of(await self._rpc.call("htable.dump", "setup"))
        except (RpcSilent, RpcRefused) as error:
            log.debug("no calls being set up: %s", error)
            return
        for call_id, sequence in waiting.items():
            try:
                await self._rpc.call("tm.reply_callid", CODE, REASON, call_id, sequence, ".", ".", ".")
            except (RpcSilent, RpcRefused) as error:
                log.debug("a call was over already: %s", error)
            else:
                log.info("the link changed while a call was being set up: its caller is told")
