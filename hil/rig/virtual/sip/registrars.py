"""Many phones that only register, each with its own socket and digest, as strict as a phone may be (RFC 3261, RFC 2617):
it keeps its nonce from one refresh to the next, and refused twice in a row, without stale=true, it gives up.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from hil.rig.virtual.sip.wire import Message, digest_response, parameter

T1 = 0.5  # seconds; RFC 3261, 17.1.1.1
T2 = 4.0
TIMER_F = 64 * T1  # what a phone waits for an answer to REGISTER
EXPIRES = 60


@dataclass(frozen=True)
class Refresh:
    """One refresh as the phone saw it."""

    number: str
    begun: float  # seconds, CLOCK_MONOTONIC
    code: int  # the final answer; 0: none in the phone's own time
    answer_s: float
    challenges: int

    @property
    def good(self) -> bool:
        """Whether the phone stays registered."""
        return self.code == 200


@dataclass
class Registrar(asyncio.DatagramProtocol):
    """One phone."""

    number: str
    password: str
    domain: str
    address: tuple[str, int]
    box: tuple[str, int]
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    sequence: int = 0
    nonce: str = ""
    _transport: asyncio.DatagramTransport | None = None
    _waiting: dict[str, asyncio.Future[Message]] = field(default_factory=dict)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Its socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        """A final answer ends the waiting for it; all else is of no interest."""
        message = Message.parse(data)
        waiting = self._waiting.get(message.get("CSeq"))
        if message.code >= 200 and waiting is not None and not waiting.done():
            waiting.set_result(message)

    async def refresh(self) -> Refresh:
        """Register once more."""
        begun = time.monotonic()
        challenges = 0
        while True:
            proved = bool(self.nonce)
            try:
                async with asyncio.timeout(TIMER_F):
                    reply = await self._ask()
            except TimeoutError:
                return Refresh(self.number, begun, 0, time.monotonic() - begun, challenges)
            if reply.code == 401:
                challenges += 1
                given = reply.get("WWW-Authenticate")
                if not proved or re.search(r'stale="?true', given, re.IGNORECASE):
                    self.nonce = parameter(given, "nonce")
                    continue
                self.nonce = ""
            return Refresh(self.number, begun, reply.code, time.monotonic() - begun, challenges)

    async def _ask(self) -> Message:
        assert self._transport is not None
        request = self._request()
        waiting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[request.get("CSeq")] = waiting
        pause = T1
        try:
            while True:
                self._transport.sendto(request.encode(), self.box)
                done, _ = await asyncio.wait([waiting], timeout=pause)
                if done:
                    return waiting.result()
                pause = min(2 * pause, T2)
        finally:
            del self._waiting[request.get("CSeq")]

    def _request(self) -> Message:
        self.sequence += 1
        host = f"{self.address[0]}:{self.address[1]}"
        who = f"<sip:{self.number}@{self.domain}>"
        uri = f"sip:{self.domain}"
        headers = [
            ("Via", f"SIP/2.0/UDP {host};branch=z9hG4bK{secrets.token_hex(6)};rport"),
            ("Max-Forwards", "70"),
            ("From", f"{who};tag={self.tag}"),
            ("To", who),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.sequence} REGISTER"),
            ("Contact", f"<sip:{self.number}@{host}>"),
            ("Expires", str(EXPIRES)),
        ]
        if self.nonce:
            response = digest_response(self.number, self.domain, self.password, "REGISTER", uri, self.nonce)
            proof = f'username="{self.number}", realm="{self.domain}", nonce="{self.nonce}", uri="{uri}"'
            headers.append(("Authorization", f'Digest {proof}, response="{response}", algorithm=MD5'))
        return Message(f"REGISTER {uri} SIP/2.0", headers)


def refresh_evenly(
    phones: list[Registrar], per_second: float, seconds: float, during: Callable[[], None] = lambda: None
) -> list[Refresh]:
    """Let phones refresh one after the other, evenly spread; `during` runs meanwhile in a thread. In order of begin."""
    others = threading.Thread(target=during, daemon=True)
    others.start()
    results = asyncio.run(_spread(phones, per_second, seconds))
    others.join()
    return results


async def _spread(phones: list[Registrar], per_second: float, seconds: float) -> list[Refresh]:
    loop = asyncio.get_running_loop()
    opened = []
    for phone in phones:
        opened.append(await loop.create_datagram_endpoint(partial(_itself, phone), local_addr=phone.address))
    begun = time.monotonic()
    running = []
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, begun + number / per_second - time.monotonic()))
        running.append(asyncio.create_task(phones[number % len(phones)].refresh()))
    results = await asyncio.gather(*running)
    for transport, _ in opened:
        transport.close()
    return list(results)


def _itself(phone: Registrar) -> Registrar:
    return phone
