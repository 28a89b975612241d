"""The phones of the building are asked in turn whether they are there: OPTIONS through Kamailio, the way that calls take.

Kamailio repeats each question, and says of a silent phone that it is silent: only that counts. When Kamailio itself says
nothing, nothing is known. Phones outside are not asked: a link may be dear, and keeping a NAT open is Kamailio's.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address

from edge.shared.clock import Clock
from edge.shared.messages.voice import Phone
from edge.shared.model.voice import VoiceSection
from edge.shared.model.voice_trunks import Transport
from edge.voice import silence
from edge.voice.exchange import Exchange, exchanging
from edge.voice.inventory import Held, host_of
from edge.voice.silence import Ear
from edge.voice.tables import building

log = logging.getLogger(__name__)

PERIOD_S = 12.0  # each device is asked once in it
QUESTION_S = 2.0  # a question that is not answered lasts so long: asked.cfg, ASKED_MS
TRIES = 3  # questions in a row before one that answered is silent; the network may lose some
SPREAD_S = PERIOD_S - TRIES * QUESTION_S
PLAIN = re.compile(r"sips?:[!-~]+")  # no contact may end a line of ours


class Asking:
    """Asks, and keeps what is known of each device."""

    def __init__(self, settings: Callable[[], VoiceSection], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._devices: dict[str, list[Held]] = {}
        self.ears: dict[str, Ear] = {}

    def tell(self, held: Iterable[Held]) -> None:
        """Who is registered now; whoever is not is forgotten."""
        voice = self._settings()
        self._devices = silence.devices(one for one in held if in_building(one, voice))
        self.ears = {
            name: silence.registered(self.ears.get(name, Ear()), silence.registrations(contacts))
            for name, contacts in self._devices.items()
        }

    def shown(self, held: Held) -> Phone:
        """A phone, with what its device answers."""
        return held.phone.model_copy(update={"silent": self.ears.get(held.device, Ear()).silent is not None})

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            pause = asyncio.create_task(asyncio.sleep(PERIOD_S))
            try:
                await self._round()
            except OSError as error:
                log.debug("phones not asked: %s", error)
            await pause

    async def _round(self) -> None:
        voice = self._settings()
        ours = next((one for one in voice.listen if one.transport == Transport.UDP and not one.outside), None)
        asked = dict(self._devices)
        if ours is None or not asked:
            return
        async with exchanging(ours, 2 * QUESTION_S) as exchange, asyncio.TaskGroup() as tasks:
            for device, contacts in asked.items():
                tasks.create_task(self._device(exchange, device, contacts, voice.domain))
                await asyncio.sleep(SPREAD_S / len(asked))

    async def _device(self, exchange: Exchange, device: str, contacts: Sequence[Held], domain: str) -> None:
        """The newest contact of a device; when that falls silent, all of them: one at that address may have ended."""
        said = await self._question(exchange, contacts[:1], domain)
        for _ in range(TRIES - 1):
            if said is False and self.ears.get(device, Ear()).in_doubt:
                said = await self._question(exchange, contacts, domain)
        ear = self.ears.get(device)
        if said is None or ear is None:
            return
        now = self._clock.monotonic_ns() / 1e9
        self.ears[device] = silence.answered(ear, now) if said else silence.unanswered(ear, now)

    async def _question(self, exchange: Exchange, contacts: Sequence[Held], domain: str) -> bool | None:
        """Whether one of them answers; None: not known. What nobody answers takes QUESTION_S."""
        pause = asyncio.create_task(asyncio.sleep(QUESTION_S))
        answers = await asyncio.gather(*(_ask(exchange, one, domain) for one in contacts))
        if True in answers:
            pause.cancel()
            return True
        await pause
        return None if None in answers else False


def in_building(held: Held, voice: VoiceSection) -> bool:
    """Whether a phone stands in the networks of the building, and was not heard on a socket that is open to others."""
    try:
        address = IPv4Address(host_of(held.phone.address))
    except AddressValueError:
        return False
    outside = {str(one.address) for one in voice.listen if one.outside}
    socket = held.socket.split(":")[1:2]
    return any(address in network for network in building(voice)) and not outside.intersection(socket)


def question(held: Held, domain: str, own: str, call_id: str) -> bytes:
    """An OPTIONS to one contact. own: ADDRESS:PORT that the answer is wanted at."""
    lines = [
        f"OPTIONS {held.phone.contact} SIP/2.0",
        f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{call_id};rport",
        "Max-Forwards: 70",
        f"From: <sip:repli@{domain}>;tag={call_id[:8]}",
        f"To: <{held.phone.contact}>",
        f"Call-ID: {call_id}",
        "CSeq: 1 OPTIONS",
        f"Repli-Asked: {held.hop}",
        f"Repli-Socket: {held.socket}",
        "Content-Length: 0",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


async def _ask(exchange: Exchange, held: Held, domain: str) -> bool | None:
    if not (PLAIN.fullmatch(held.phone.contact) and PLAIN.fullmatch(held.hop)):
        return False
    call_id = secrets.token_hex(12)
    answer = await exchange.ask(question(held, domain, exchange.own, call_id), call_id)
    return None if answer is None else answer.of_phone
