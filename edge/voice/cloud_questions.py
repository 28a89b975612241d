"""Asks the cloud PBX, one extension every few seconds, who is registered there: whom, and how often, lookout.py says."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from edge.shared.model.voice import VoiceSection
from edge.voice.digests import realm
from edge.voice.exchange import exchanging
from edge.voice.kamailio_rpc import RpcRefused, RpcSilent
from edge.voice.kamailio_view import KamailioView
from edge.voice.lookout import Asked, Outcome, found, past_us, still_meant, whose_turn
from edge.voice.register_message import Sender, ask_who, proof
from edge.voice.sockets import clouds, listening, own_place, socket_towards, uri
from edge.voice.tables import ha1

log = logging.getLogger(__name__)

FIRST_S = 15.0  # after our start: phones come first
PACE_S = 5.0
ANSWER_S = 3.0


class CloudQuestions:
    """Remembers what the cloud PBX said of those with no phone through us."""

    def __init__(
        self, view: KamailioView, settings: Callable[[], VoiceSection], cloud_serves: Callable[[], bool]
    ) -> None:
        """cloud_serves: whether it answers, and calls go there."""
        self._view = view
        self._settings = settings
        self._cloud_serves = cloud_serves
        self._asked: dict[str, Asked] = {}
        self._present: frozenset[str] = frozenset()

    def found(self) -> dict[str, tuple[str, ...]]:
        """Contacts registered at the cloud PBX past us, by extension."""
        return found(self._asked, self._present)

    async def run(self) -> None:
        """Ask for ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self._next()
            except (RpcSilent, RpcRefused, OSError) as error:
                log.debug("the cloud PBX is not asked: %s", error)
            await asyncio.sleep(PACE_S)

    async def _next(self) -> None:
        voice = self._settings()
        held = _secrets(voice)
        self._asked = still_meant(self._asked, held)
        if not clouds(voice) or not self._cloud_serves():
            return
        self._present = frozenset(await self._view.registered())
        now = asyncio.get_running_loop().time()
        extension = whose_turn(held, self._present, self._asked, now)
        if extension is None:
            return
        outcome, contacts = await _ask(voice, extension, held[extension])
        self._asked[extension] = Asked(now, held[extension], outcome, contacts)
        if outcome == Outcome.REFUSED:
            log.warning("the cloud PBX refuses the box's secret of extension %s: not tried again", extension)
        for contact in contacts:
            log.info("extension %s is registered at the cloud PBX past the box: %s", extension, contact)


def _secrets(voice: VoiceSection) -> dict[str, str]:
    """HA1 by extension, of those whose secret is the cloud PBX's, too: what it refuses would count as guessing."""
    shared = [one for one in voice.extensions if one.upstream is None]
    return {one.number: secret for one in shared if (secret := ha1(one, voice)) is not None}


async def _ask(voice: VoiceSection, extension: str, held: str) -> tuple[Outcome, tuple[str, ...]]:
    """One question, with one proof: a second would be guessing. Raises OSError."""
    own = own_place(voice)
    if own is None:
        return Outcome.NOTHING, ()
    call_id = secrets.token_hex(12)
    async with exchanging(own, ANSWER_S) as exchange:
        sender = Sender(voice.domain, exchange.own, uri(socket_towards(clouds(voice)[0], listening(voice))))
        answer = await exchange.ask(ask_who(extension, sender, call_id, 1), call_id)
        if answer is not None and answer.code == 401:
            proved = proof(answer.challenge, extension, sender.domain, realm(voice), held, secrets.token_hex(8))
            if proved is not None:
                answer = await exchange.ask(ask_who(extension, sender, call_id, 2, proved), call_id)
    if answer is None or answer.code == 408 or answer.code >= 500:
        return Outcome.NOTHING, ()
    if answer.code >= 300:
        return Outcome.REFUSED, ()
    return Outcome.ANSWERED, past_us(answer.contacts, sender.cloud_contact)
