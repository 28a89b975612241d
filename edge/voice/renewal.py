"""Registrations renewed at the cloud PBX at once, when it would look for the phones at an old address or knows none.

After a switch of link the PBX calls the address of the dead one until each phone registers again; after an outage it may
have forgotten everybody. The box holds what a REGISTER needs, and sends one for each phone, through Kamailio, from the
address that the PBX shall answer at. Phones and their bindings here are not touched.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable

from edge.shared.model.voice import VoiceSection
from edge.voice.digests import realm
from edge.voice.exchange import Exchange, exchanging
from edge.voice.kamailio_rpc import RpcRefused, RpcSilent
from edge.voice.kamailio_view import KamailioView
from edge.voice.register_message import Binding, Sender, proof, register
from edge.voice.sockets import clouds, listening, own_place, socket_towards, uri
from edge.voice.tables import ha1
from edge.voice.upstream import contact_of, lent

log = logging.getLogger(__name__)

AT_A_TIME = 40  # requests under way
ANSWER_S = 3.0  # Kamailio itself gives the cloud up after answer_timeout_ms
ROUND_S = 0.5  # between two tries for those who were not renewed
ROUNDS = 20


class Renewal:
    """Renews when asked. Asked again meanwhile, it begins anew."""

    def __init__(self, view: KamailioView, settings: Callable[[], VoiceSection]) -> None:
        self._view = view
        self._settings = settings
        self._asked = asyncio.Event()

    def ask(self, why: str) -> None:
        """Have everybody renewed."""
        log.info("registrations are renewed at the cloud PBX: %s", why)
        self._asked.set()

    async def run(self) -> None:
        """Renew whenever asked, for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._renew()
            except (RpcSilent, RpcRefused, OSError) as error:
                log.warning("registrations not renewed: %s", error)

    async def _renew(self) -> None:
        voice = self._settings()
        if not clouds(voice):
            return
        ours = lent(voice)
        await self._renew_ours(ours)
        own = own_place(voice)
        if own is None:
            return
        phones = [one for one in await self._view.phones() if one.extension not in ours]
        left = [Binding(one.extension, one.contact, one.expires_s) for one in phones]
        async with exchanging(own, ANSWER_S) as exchange:
            for _ in range(ROUNDS):
                left = await self._round(exchange, voice, left)
                if not left or self._asked.is_set():
                    return
                await asyncio.sleep(ROUND_S)
        log.warning("not renewed at the cloud PBX: %s", ", ".join(sorted({one.extension for one in left})))

    async def _renew_ours(self, extensions: Iterable[str]) -> None:
        """Have Kamailio renew what it registered itself, within a second."""
        for extension in extensions:
            try:
                await self._view.rpc.call("uac.reg_enable", "l_uuid", contact_of(extension))
            except RpcRefused as error:
                log.info("extension %s not renewed at the cloud PBX: %s", extension, error)  # it was not told of it yet

    async def _round(self, exchange: Exchange, voice: VoiceSection, bindings: list[Binding]) -> list[Binding]:
        """Renew each; returns those worth another try."""
        sender = Sender(voice.domain, exchange.own, uri(socket_towards(clouds(voice)[0], listening(voice))))
        known = {one.number: ha1(one, voice) for one in voice.extensions}
        room = asyncio.Semaphore(AT_A_TIME)

        async def one(binding: Binding) -> bool:
            async with room:
                return await _renew_one(exchange, binding, sender, realm(voice), known.get(binding.extension))

        done = await asyncio.gather(*(one(binding) for binding in bindings))
        return [binding for binding, renewed in zip(bindings, done, strict=True) if not renewed]


async def _renew_one(exchange: Exchange, binding: Binding, sender: Sender, realm: str, secret: str | None) -> bool:
    """Whether there is nothing more to do for this phone: renewed, or refused for a reason that stays."""
    call_id = secrets.token_hex(12)
    answer = await exchange.ask(register(binding, sender, call_id, 1), call_id)
    if answer is not None and answer.code == 401 and secret is not None:
        proved = proof(answer.challenge, binding.extension, sender.domain, realm, secret, secrets.token_hex(8))
        if proved is not None:
            answer = await exchange.ask(register(binding, sender, call_id, 2, proved), call_id)
    if answer is None or answer.code == 408 or answer.code >= 500:
        return False
    if answer.code >= 300:
        log.info("extension %s not renewed at the cloud PBX: %d", binding.extension, answer.code)
    return True
