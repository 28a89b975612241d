"""One HTTP request, in a thread: certainly not sent, answered, or nobody knows. No redirect is followed, no proxy asked."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from edge.modem.http.template import Request

ANSWER_MAX = 256 * 1024  # octets
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))  # what a request line may hold as it is


class NotSent(Exception):
    """No connection: nothing left the box."""


class NoAnswer(Exception):
    """The connection was lost, or nothing came in time, after the request was sent."""


class Unsendable(Exception):
    """What the settings make of this message is no HTTP request."""


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    body: bytes


async def call(request: Request, tls_ca: str | None, timeout_s: float) -> Answered:
    """Make a request; its answer has timeout_s to come, whole. Raises NotSent, NoAnswer, Unsendable."""
    return await asyncio.to_thread(_call, request, tls_ca, timeout_s)


async def reach(url: str, tls_ca: str | None, timeout_s: float) -> None:
    """Connect and hang up. Raises NotSent."""

    def connect() -> None:
        connection = _connected(url, tls_ca, timeout_s)
        connection.close()

    await asyncio.to_thread(connect)


def _call(request: Request, tls_ca: str | None, timeout_s: float) -> Answered:
    connection = _connected(request.url, tls_ca, timeout_s)
    parts = urlsplit(request.url)
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=VISIBLE)
    headers = {name: value.encode() for name, value in request.headers.items()}
    try:
        with _ended_after(timeout_s, connection.sock) as over:
            _ask(connection, request, path, headers)
            response = connection.getresponse()
            body = response.read(ANSWER_MAX)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    finally:
        connection.close()
    if over.is_set():
        raise NoAnswer(f"no whole answer within {timeout_s:g} s")
    return Answered(response.status, body)


def _ask(connection: http.client.HTTPConnection, request: Request, path: str, headers: dict[str, bytes]) -> None:
    try:
        connection.request(request.method, path, request.body.encode() or None, headers)
    except (http.client.InvalidURL, ValueError) as error:  # before anything left
        raise Unsendable(str(error)) from error


@contextmanager
def _ended_after(seconds: float, sock: socket.socket) -> Iterator[threading.Event]:
    """Break the connection off when the time is over, and say so: a socket's own time-out begins anew with each octet."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS: the reader sees the end

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _connected(url: str, tls_ca: str | None, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    try:
        if parts.scheme == "https":
            trust = ssl.create_default_context(cafile=tls_ca)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=timeout_s, context=trust
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
        connection.connect()
    except (OSError, ValueError) as error:
        raise NotSent(str(error) or type(error).__name__) from error
    return connection
