"""Answers as the smallest servers give them: DNS, HTTP, SIP OPTIONS, an echo. Targets and lying ISPs are made of them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import cast

from hil.rig.virtual.sip.wire import Message, reply_to

Reply = Callable[[bytes], bytes | None]  # to a datagram; None: silence
Resolve = Callable[[str], str | None]  # a name in lower case to its IPv4 address; None: there is no such name

# RFC 1035, 4.1: identifier, flags, and the counts of questions, answers, authorities and additional records.
_DNS_HEADER = struct.Struct("!6H")
_QUERY_BITS = 0x7900  # opcode and "recursion desired" are copied into the answer
_RESPONSE, _AUTHORITATIVE, _RECURSION_AVAILABLE, _NO_SUCH_NAME = 0x8000, 0x0400, 0x0080, 3
_A, _IN, _TTL_S = 1, 1, 5


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: asyncio's own datagram transport is none of that class's children.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        reply = self._reply(data)
        if reply is not None:
            self._transport.sendto(reply, source)


async def answer_datagrams(address: str, port: int, reply: Reply) -> None:
    """Answer on a UDP port until the loop ends."""
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(reply), local_addr=(address, port))


async def answer_http(address: str, port: int, body: bytes) -> None:
    """Answer every HTTP request on a TCP port with 200 and this body until the loop ends."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + (b"" if request.startswith(b"HEAD ") else body))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # who asks may leave, or speak something else
        writer.close()

    await asyncio.start_server(serve, address, port)


def echo(data: bytes) -> bytes:
    """RFC 862."""
    return data


def dns(resolve: Resolve) -> Reply:
    """A name server that knows what resolve() knows: A records and nothing else (RFC 1035)."""

    def reply(query: bytes) -> bytes | None:
        try:
            identifier, flags, questions, *_ = _DNS_HEADER.unpack_from(query)
            name, end = _question_name(query)
            kind, group = struct.unpack_from("!2H", query, end)
        except (struct.error, ValueError, IndexError):
            return None
        if flags & _RESPONSE or questions != 1:
            return None
        address = resolve(name)
        record = b""
        if address is not None and (kind, group) == (_A, _IN):
            packed = IPv4Address(address).packed
            record = struct.pack("!3HIH", 0xC00C, kind, group, _TTL_S, len(packed)) + packed  # 0xC00C: the name asked
        code = _NO_SUCH_NAME if address is None else 0
        answer = _RESPONSE | _AUTHORITATIVE | flags & _QUERY_BITS | _RECURSION_AVAILABLE | code
        header = _DNS_HEADER.pack(identifier, answer, 1, 1 if record else 0, 0, 0)
        return header + query[_DNS_HEADER.size : end + 4] + record

    return reply


def sip_options(data: bytes) -> bytes | None:
    """A SIP server that is alive and does nothing: 200 to OPTIONS, 405 to any other request (RFC 3261, 11)."""
    try:
        request = Message.parse(data)
        if request.code or not request.get("Via"):
            return None
        if request.method == "OPTIONS":
            return reply_to(request, 200, "OK", [("Allow", "OPTIONS")]).encode()
        return reply_to(request, 405, "Method Not Allowed", [("Allow", "OPTIONS")]).encode()
    except (IndexError, ValueError):
        return None  # not SIP


def _question_name(query: bytes) -> tuple[str, int]:
    """The first question's name in lower case, and where its type begins. Raises ValueError, IndexError."""
    labels, at = [], _DNS_HEADER.size
    while length := query[at]:
        if length > 63:
            raise ValueError("a question has no reason to be compressed")
        labels.append(query[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1
