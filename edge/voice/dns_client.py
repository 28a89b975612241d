"""Asking name servers, one after the other: those of the link that carries, or the machine's own."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from edge.voice.dns_message import NO_ERROR, NO_SUCH_NAME, Answer, NotAnAnswer, answer, question

PORT = 53
TRY_S = 1.5  # seconds one server is given
TRIES = 2  # of each


class NoAnswer(Exception):
    """No name server answers, or none will."""


def name_servers(*files: Path) -> list[IPv4Address]:
    """The servers of the first resolv.conf(5) that names any; of IPv4 only."""
    for file in files:
        try:
            text = file.read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        found = re.findall(r"(?m)^nameserver[ \t]+(\d+\.\d+\.\d+\.\d+)[ \t]*$", text)
        servers = [IPv4Address(one) for one in found if all(int(part) < 256 for part in one.split("."))]
        if servers:
            return servers
    return []


async def ask(servers: Sequence[IPv4Address], name: str, kind: int) -> Answer:
    """The first answer that says something about the name. Raises NoAnswer."""
    refused: set[str] = set()
    for server in [*servers] * TRIES:
        said = await _ask_one(server, question(secrets.randbelow(0x10000), name, kind))
        if said is not None and said.code in (NO_ERROR, NO_SUCH_NAME):
            return said
        refused.add(f"{server}: silent" if said is None else f"{server}: code {said.code}")
    raise NoAnswer(", ".join(sorted(refused)) or "no name server")


async def _ask_one(server: IPv4Address, asked: bytes) -> Answer | None:
    loop = asyncio.get_running_loop()
    heard: asyncio.Future[Answer] = loop.create_future()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Question(asked, heard), remote_addr=(str(server), PORT)
        )
    except OSError:
        return None
    try:
        transport.sendto(asked)
        async with asyncio.timeout(TRY_S):
            return await heard
    except (TimeoutError, OSError):
        return None
    finally:
        transport.close()


class _Question(asyncio.DatagramProtocol):
    """A connected socket: only the server's own datagrams come."""

    def __init__(self, asked: bytes, heard: asyncio.Future[Answer]) -> None:
        self._asked = asked
        self._heard = heard

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        if self._heard.done():
            return
        try:
            self._heard.set_result(answer(data, self._asked))
        except NotAnAnswer:
            return  # somebody guesses: the true answer may still come

    def error_received(self, error: Exception) -> None:
        if not self._heard.done():
            self._heard.set_exception(error)
