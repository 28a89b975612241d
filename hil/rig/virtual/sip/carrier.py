"""A trunk's operator by hand: it answers probes, keeps registrations and wants digests, or does not."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hil.rig.virtual.sip.peer import Peer
from hil.rig.virtual.sip.wire import Message, digest_response, reply_to
from hil.rig.virtual.waiting import HAPPENS_S


@dataclass(frozen=True)
class Account:
    """What the operator gave the town hall."""

    user: str
    password: str
    realm: str


@dataclass(eq=False)
class Carrier(Peer):
    """One operator. What it does not answer by itself waits for request() and final()."""

    account: Account | None = None  # REGISTER must prove itself; so must INVITE, if wants_proof
    wants_proof: bool = False
    refuse: tuple[int, str] | None = None  # every REGISTER and INVITE, proved or not
    registered: list[Message] = field(default_factory=list)
    refused: list[Message] = field(default_factory=list)  # unproved, or while it refuses

    def answer(self, timeout: float = HAPPENS_S) -> Message:
        """Take the next call, without waiting for the ACK; returns its INVITE. Raises NothingHeard."""
        invite, source = self.request(timeout)
        self.wire.answer(invite, source)
        return invite

    def turn_down(self, code: int, reason: str, timeout: float = HAPPENS_S) -> Message:
        """Refuse the next call; returns its INVITE. Raises NothingHeard."""
        invite, source = self.request(timeout)
        self.wire.send(reply_to(invite, code, reason), source)
        return invite

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Take packets and say nothing."""
        self.mute = True
        try:
            yield
        finally:
            self.mute = False

    def hear(self, message: Message, source: tuple[str, int]) -> None:
        """Probes, registrations and ends of calls are answered; what proves too little is refused."""
        if message.code or message.method not in ("OPTIONS", "REGISTER", "INVITE"):
            if not message.code and message.method in ("BYE", "CANCEL"):
                self.wire.send(reply_to(message, 200, "OK"), source)
            self.keep(message, source)
        elif message.method == "OPTIONS":
            self.wire.send(reply_to(message, 200, "OK"), source)
        elif self.refuse is not None:
            self.refused.append(message)
            self.wire.send(reply_to(message, *self.refuse), source)
        elif not self._proved(message):
            self.refused.append(message)
            self._challenge(message, source)
        elif message.method == "REGISTER":
            self._grant(message, source)
        else:
            self.keep(message, source)

    def _grant(self, request: Message, source: tuple[str, int]) -> None:
        contacts = request.all("Contact")  # none: it only asks who is registered
        if contacts:
            self.registered.append(request)
        granted = [("Contact", f"{contact};expires={request.get('Expires')}") for contact in contacts]
        self.wire.send(reply_to(request, 200, "OK", granted), source)

    def _proved(self, request: Message) -> bool:
        if self.account is None or (request.method == "INVITE" and not self.wants_proof):
            return True
        given = request.get("Authorization" if request.method == "REGISTER" else "Proxy-Authorization")
        said = dict(re.findall(r'(\w+)="([^"]*)"', given))
        if (said.get("username"), said.get("realm")) != (self.account.user, self.account.realm):
            return False
        account, uri, nonce = self.account, said.get("uri", ""), said.get("nonce", "")
        wanted = digest_response(account.user, account.realm, account.password, request.method, uri, nonce)
        return said.get("response") == wanted

    def _challenge(self, request: Message, source: tuple[str, int]) -> None:
        assert self.account is not None
        challenge = f'Digest realm="{self.account.realm}", nonce="{secrets.token_hex(8)}", algorithm=MD5'
        if request.method == "REGISTER":
            self.wire.send(reply_to(request, 401, "Unauthorized", [("WWW-Authenticate", challenge)]), source)
        else:
            reply = reply_to(request, 407, "Proxy Authentication Required", [("Proxy-Authenticate", challenge)])
            self.wire.send(reply, source)
