"""One HTTP request, in a thread: certainly not sent, answered, or nobody knows. No redirect is followed, no proxy asked."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from edge.modem.http.template import Request

ANSWER_MAX = 256 * 1024  # octets


class NotSent(Exception):
    """No connection: nothing left the box."""


class NoAnswer(Exception):
    """The connection was lost, or nothing came in time, after the request was sent."""


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    body: bytes


async def call(request: Request, tls_ca: str | None, timeout_s: float) -> Answered:
    """Make a request. Raises NotSent, NoAnswer."""
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
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(request.method, path, request.body.encode() or None, dict(request.headers))
        response = connection.getresponse()
        return Answered(response.status, response.read(ANSWER_MAX))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    finally:
        connection.close()


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
