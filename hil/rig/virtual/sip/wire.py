"""SIP by hand (RFC 3261), for what no well-behaved phone or PBX does: a test writes the messages it means."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from hil.rig.virtual.waiting import HAPPENS_S


class NothingHeard(Exception):
    """No message of the wanted kind came in time."""


@dataclass
class Message:
    """A request or a reply; header names as they were written."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one message."""
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return cls(start, headers, body)

    def encode(self) -> bytes:
        """As it goes on the wire; Content-Length is added."""
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for other, value in self.headers if other.lower() == name.lower()]

    def get(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")

    @property
    def code(self) -> int:
        """The status of a reply; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request a reply answers."""
        return self.get("CSeq").split()[-1] if self.code else self.start.split()[0]

    @property
    def uri(self) -> str:
        """The Request-URI of a request."""
        return self.start.split()[1]


SDP = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


class Ear(ABC):
    """Who hears SIP, and picks what is wanted from what comes."""

    @abstractmethod
    def receive(self, wanted: Callable[[Message], bool], timeout: float = HAPPENS_S) -> tuple[Message, tuple[str, int]]:
        """The next message that is wanted, and where it came from. Raises NothingHeard."""

    @abstractmethod
    def send(self, message: Message, to: tuple[str, int]) -> None:
        """Send one message."""

    def request(self, timeout: float = HAPPENS_S, method: str = "INVITE") -> tuple[Message, tuple[str, int]]:
        """The next request of a method. Raises NothingHeard."""
        return self.receive(lambda message: not message.code and message.method == method, timeout)

    def final(self, request: Message, timeout: float = HAPPENS_S) -> Message:
        """The final reply to a request; a negative one to an INVITE is acknowledged. Raises NothingHeard."""
        call_id, number = request.get("Call-ID"), request.get("CSeq")
        reply, source = self.receive(
            lambda message: message.code >= 200 and (message.get("Call-ID"), message.get("CSeq")) == (call_id, number),
            timeout,
        )
        if request.method == "INVITE" and reply.code >= 300:
            self.send(acknowledge(request, reply), source)
        return reply

    def silent(self, seconds: float = 0.5, method: str = "INVITE") -> bool:
        """Whether no request of a method comes for so long."""
        try:
            self.request(seconds, method)
        except NothingHeard:
            return True
        return False


class Wire(Ear):
    """One address that speaks SIP over UDP or TCP."""

    def __init__(self, address: str, port: int = 5060, transport: str = "udp") -> None:
        self.address = address
        self.port = port
        self.transport = transport
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.heard: list[tuple[Message, tuple[str, int]]] = []
        self._stream = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def connect(self, to: tuple[str, int]) -> None:
        """Open the TCP connection."""
        self.sock.connect(to)

    def send(self, message: Message, to: tuple[str, int]) -> None:
        """Send one message."""
        if self.transport == "udp":
            self.sock.sendto(message.encode(), to)
        else:
            self.sock.sendall(message.encode())

    def receive(self, wanted: Callable[[Message], bool], timeout: float = HAPPENS_S) -> tuple[Message, tuple[str, int]]:
        """As every ear; others are kept in `heard`."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                message, source = self._read()
            except TimeoutError:
                break
            self.heard.append((message, source))
            if wanted(message):
                return message, source
        raise NothingHeard(f"{self.address}: heard {[message.start for message, _ in self.heard]}")

    def answer(self, invite: Message, source: tuple[str, int]) -> Message:
        """Take a call; returns the 200."""
        contact = [("Contact", f"<sip:{self.address}:{self.port}>")]
        taken = reply_to(invite, 200, "OK", contact, SDP.format(self.address))
        self.send(taken, source)
        return taken

    def drain(self) -> None:
        """Read away whatever was sent before."""
        try:
            self.receive(lambda _: False, 0.05)
        except NothingHeard:
            return

    def _read(self) -> tuple[Message, tuple[str, int]]:
        if self.transport == "udp":
            while True:
                data, source = self.sock.recvfrom(65535)
                if len(data) > 4:  # not a keep-alive
                    return Message.parse(data), source
        while True:
            head, found, rest = self._stream.lstrip(b"\r\n").partition(b"\r\n\r\n")
            if found:
                length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
                size = int(length[1]) if length else 0
                if len(rest) >= size:
                    self._stream = rest[size:]
                    return Message.parse(head + found + rest[:size]), self.sock.getpeername()
            piece = self.sock.recv(65535)
            if not piece:
                raise NothingHeard(f"{self.address}: the connection was closed")
            self._stream += piece


@dataclass
class Hand:
    """A phone played by hand: it says who it is, where it is, and proves it when asked."""

    wire: Wire
    number: str
    password: str
    domain: str
    box: tuple[str, int]
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    sequence: int = 0

    @property
    def contact(self) -> str:
        """Its own contact."""
        transport = "" if self.wire.transport == "udp" else f";transport={self.wire.transport}"
        return f"<sip:{self.number}-{self.wire.port}@{self.wire.address}:{self.wire.port}{transport}>"

    def compose(
        self,
        method: str,
        uri: str,
        *,
        to: str | None = None,
        caller: str | None = None,
        call_id: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: str = "",
    ) -> Message:
        """A request from this phone."""
        self.sequence += 1
        user = caller or self.number
        typed = [("Content-Type", "application/sdp")] if body else []
        branch = f"z9hG4bK{secrets.token_hex(6)}"
        via = f"SIP/2.0/{self.wire.transport.upper()} {self.wire.address}:{self.wire.port};branch={branch}"
        return Message(
            f"{method} {uri} SIP/2.0",
            [
                ("Via", via),
                ("Max-Forwards", "70"),
                ("From", f"<sip:{user}@{self.domain}>;tag={self.tag}"),
                ("To", to or f"<{uri}>"),
                ("Call-ID", call_id or secrets.token_hex(8)),
                ("CSeq", f"{self.sequence} {method}"),
                *headers,
                *typed,
            ],
            body,
        )

    def ask(self, request: Message, *, prove: bool = True, timeout: float = HAPPENS_S) -> Message:
        """Send it, answer one challenge if prove, and return the final reply."""
        self.wire.send(request, self.box)
        reply = self.wire.final(request, timeout)
        if not prove or reply.code not in (401, 407):
            return reply
        again = self.proved(request, reply)
        self.wire.send(again, self.box)
        return self.wire.final(again, timeout)

    def begin(self, invite: Message) -> Message:
        """Call, and prove who calls when the box asks at once; the INVITE as it was sent last. Raises NothingHeard."""
        self.wire.send(invite, self.box)
        call_id = invite.get("Call-ID")
        reply, source = self.wire.receive(lambda message: bool(message.code) and message.get("Call-ID") == call_id)
        if reply.code not in (401, 407):
            return invite
        self.wire.send(acknowledge(invite, reply), source)
        again = self.proved(invite, reply)
        self.wire.send(again, self.box)
        return again

    def within(self, method: str, invite: Message, answer: Message) -> Message:
        """A request of the caller within a call that was answered: its ACK, a BYE ..."""
        routes = [("Route", route) for route in reversed(answer.all("Record-Route"))]
        target, call_id = answer.get("Contact").strip("<>"), invite.get("Call-ID")
        later = self.compose(method, target, to=answer.get("To"), call_id=call_id, headers=routes)
        said = {"From": invite.get("From")}
        if method == "ACK":
            said["CSeq"] = invite.get("CSeq").replace("INVITE", "ACK")
        later.headers = [(name, said.get(name, value)) for name, value in later.headers]
        return later

    def proved(self, request: Message, challenge: Message, *, qop: bool = False) -> Message:
        """The same request with digest credentials for a challenge; as RFC 2069 has it, or with qop as RFC 2617."""
        self.sequence += 1
        kind, header = ("WWW", "Authorization") if challenge.code == 401 else ("Proxy", "Proxy-Authorization")
        given = challenge.get(f"{kind}-Authenticate")
        realm, nonce = (parameter(given, name) for name in ("realm", "nonce"))
        count = ("00000001", "c0ffee", "auth") if qop else ()
        response = digest_response(self.number, realm, self.password, request.method, request.uri, nonce, count)
        proof = (
            f'Digest username="{self.number}", realm="{realm}", nonce="{nonce}", uri="{request.uri}", '
            f'response="{response}", algorithm=MD5'
        )
        if qop:
            proof += ', nc={}, cnonce="{}", qop={}'.format(*count)
        branch = f"branch=z9hG4bK{secrets.token_hex(6)}"
        headers = [
            (name, re.sub(r"branch=\S+", branch, value) if name == "Via" else value)
            for name, value in request.headers
            if name != "CSeq"
        ]
        return Message(
            request.start, [*headers, ("CSeq", f"{self.sequence} {request.method}"), (header, proof)], request.body
        )

    def register(
        self,
        contacts: Iterable[str] | None = None,
        expires: int = 60,
        *,
        prove: bool = True,
        timeout: float = HAPPENS_S,
    ) -> Message:
        """REGISTER its contacts (its own unless given); the final reply."""
        given = [self.contact] if contacts is None else contacts
        headers = [*(("Contact", contact) for contact in given), ("Expires", str(expires))]
        address = f"<sip:{self.number}@{self.domain}>"
        request = self.compose("REGISTER", f"sip:{self.domain}", to=address, headers=headers)
        return self.ask(request, prove=prove, timeout=timeout)

    def invitation(self, number: str, *, caller: str | None = None) -> Message:
        """An INVITE to a number."""
        headers = [("Contact", self.contact)]
        body = SDP.format(self.wire.address)
        return self.compose("INVITE", f"sip:{number}@{self.domain}", caller=caller, headers=headers, body=body)


def reply_to(
    request: Message, code: int, reason: str, headers: Iterable[tuple[str, str]] = (), body: str = "", tag: str = ""
) -> Message:
    """A reply to a request."""
    kept = [
        (name, value) for name, value in request.headers if name in ("Via", "From", "Call-ID", "CSeq", "Record-Route")
    ]
    to = request.get("To")
    if code > 100 and "tag=" not in to:
        to += f";tag={tag or secrets.token_hex(4)}"
    typed = [("Content-Type", "application/sdp")] if body else []
    return Message(f"SIP/2.0 {code} {reason}", [*kept, ("To", to), *headers, *typed], body)


def acknowledge(invite: Message, reply: Message) -> Message:
    """The ACK to a negative reply (RFC 3261, 17.1.1.3)."""
    number = invite.get("CSeq").split()[0]
    return Message(
        f"ACK {invite.uri} SIP/2.0",
        [
            ("Via", invite.get("Via")),
            ("Max-Forwards", "70"),
            ("From", invite.get("From")),
            ("To", reply.get("To")),
            ("Call-ID", invite.get("Call-ID")),
            ("CSeq", f"{number} ACK"),
        ],
    )


def parameter(header: str, name: str) -> str:
    """A quoted parameter of a challenge, or nothing."""
    match = re.search(rf'{name}="([^"]*)"', header)
    return match[1] if match else ""


def digest_response(
    user: str, realm: str, password: str, method: str, uri: str, nonce: str, count: tuple[str, ...] = ()
) -> str:
    """The response to a challenge (RFC 2617, 3.2.2.1); count: nc, cnonce and qop, where it is to have them."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret, deed = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    return md5(":".join((secret, nonce, *count, deed)))
