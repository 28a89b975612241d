"""A trunk's operator by hand: it answers probes, keeps registrations and wants digests, or does not."""

from __future__ import annotations

import hashlib
import queue
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hil.rig.virtual.sip.wire import SDP, Message, NothingHeard, Wire, reply_to


@dataclass(frozen=True)
class Account:
    """What the operator gave the town hall."""

    user: str
    password: str
    realm: str


@dataclass
class Carrier:
    """One operator. What it does not answer by itself waits for request() and final()."""

    wire: Wire
    account: Account | None = None  # REGISTER must prove itself; so must INVITE, if wants_proof
    wants_proof: bool = False
    mute: bool = False
    refuse: tuple[int, str] | None = None  # every REGISTER and INVITE, proved or not
    registered: list[Message] = field(default_factory=list)
    refused: list[Message] = field(default_factory=list)  # unproved, or while it refuses
    _heard: queue.Queue[tuple[Message, tuple[str, int]]] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._serve, daemon=True).start()

    def request(self, timeout: float = 3.0, method: str = "INVITE") -> tuple[Message, tuple[str, int]]:
        """The next request of a method. Raises NothingHeard."""
        return self._next(lambda message: not message.code and message.method == method, timeout)

    def answer(self, timeout: float = 3.0) -> Message:
        """Take the next call, without waiting for the ACK; returns its INVITE. Raises NothingHeard."""
        invite, source = self.request(timeout)
        contact = [("Contact", f"<sip:{self.wire.address}:{self.wire.port}>")]
        self.wire.send(reply_to(invite, 200, "OK", contact, SDP.format(self.wire.address)), source)
        return invite

    def turn_down(self, code: int, reason: str, timeout: float = 3.0) -> Message:
        """Refuse the next call; returns its INVITE. Raises NothingHeard."""
        invite, source = self.request(timeout)
        self.wire.send(reply_to(invite, code, reason), source)
        return invite

    def final(self, request: Message, timeout: float = 3.0) -> Message:
        """The final reply to a request of ours. Raises NothingHeard."""
        call_id = request.get("Call-ID")
        reply, _ = self._next(lambda message: message.code >= 200 and message.get("Call-ID") == call_id, timeout)
        return reply

    def silent(self, seconds: float = 0.3, method: str = "INVITE") -> bool:
        """Whether no request of a method comes for so long."""
        try:
            self.request(seconds, method)
        except NothingHeard:
            return True
        return False

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Take packets and say nothing."""
        self.mute = True
        try:
            yield
        finally:
            self.mute = False

    def _next(self, wanted: Callable[[Message], bool], timeout: float) -> tuple[Message, tuple[str, int]]:
        deadline = time.monotonic() + timeout
        passed = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                message, source = self._heard.get(timeout=left)
            except queue.Empty:
                break
            if wanted(message):
                return message, source
            passed.append(message.start)
        raise NothingHeard(f"carrier {self.wire.address}: heard {passed}")

    def _serve(self) -> None:
        while True:
            try:
                message, source = self.wire.receive(lambda _: True, timeout=3600.0)
            except (OSError, NothingHeard):
                return
            if not self.mute:
                self._hear(message, source)

    def _hear(self, message: Message, source: tuple[str, int]) -> None:
        if message.code or message.method not in ("OPTIONS", "REGISTER", "INVITE"):
            if not message.code and message.method in ("BYE", "CANCEL"):
                self.wire.send(reply_to(message, 200, "OK"), source)
            self._heard.put((message, source))
        elif message.method == "OPTIONS":
            self.wire.send(reply_to(message, 200, "OK"), source)
        elif self.refuse is not None:
            self.refused.append(message)
            self.wire.send(reply_to(message, *self.refuse), source)
        elif not self._proved(message):
            self.refused.append(message)
            self._challenge(message, source)
        elif message.method == "REGISTER":
            self.registered.append(message)
            contact = ("Contact", f"{message.get('Contact')};expires={message.get('Expires')}")
            self.wire.send(reply_to(message, 200, "OK", [contact]), source)
        else:
            self._heard.put((message, source))

    def _proved(self, request: Message) -> bool:
        if self.account is None or (request.method == "INVITE" and not self.wants_proof):
            return True
        given = request.get("Authorization" if request.method == "REGISTER" else "Proxy-Authorization")
        said = dict(re.findall(r'(\w+)="([^"]*)"', given))
        if (said.get("username"), said.get("realm")) != (self.account.user, self.account.realm):
            return False
        secret = _md5(f"{self.account.user}:{self.account.realm}:{self.account.password}")
        wanted = _md5(f"{secret}:{said.get('nonce')}:{_md5(request.method + ':' + said.get('uri', ''))}")
        return said.get("response") == wanted

    def _challenge(self, request: Message, source: tuple[str, int]) -> None:
        assert self.account is not None
        challenge = f'Digest realm="{self.account.realm}", nonce="{secrets.token_hex(8)}", algorithm=MD5'
        if request.method == "REGISTER":
            self.wire.send(reply_to(request, 401, "Unauthorized", [("WWW-Authenticate", challenge)]), source)
        else:
            reply = reply_to(request, 407, "Proxy Authentication Required", [("Proxy-Authenticate", challenge)])
            self.wire.send(reply, source)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
