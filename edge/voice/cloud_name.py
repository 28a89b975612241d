"""The cloud PBX's name: asked again and again, its last good addresses kept through reboots. Kamailio asks nobody."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path

from edge.shared.model.voice import VoiceSection
from edge.shared.storage import write_durably
from edge.voice.cloud_places import Place, Question, ask_again_in, believed, in_order, question_of
from edge.voice.dns_client import NoAnswer
from edge.voice.dns_message import SRV, A, Answer, Service

log = logging.getLogger(__name__)

RETRY_S = 5.0  # the first time a name is not found; twice as long each time after that
RETRY_MAX_S = 60.0

Ask = Callable[[str, int], Awaitable[Answer]]  # name, kind of record; raises NoAnswer


class Trouble(StrEnum):
    """Why the name was not found the last time."""

    SILENT = "silent"  # no name server answers
    UNKNOWN = "unknown"  # there is no such name, or it has no address
    LIE = "lie"  # the addresses cannot be the cloud PBX's


@dataclass(frozen=True)
class Naming:
    """What is known of the name."""

    question: Question | None = None
    places: tuple[Place, ...] = ()  # the last good ones
    trouble: Trouble | None = None
    said: str = ""  # the addresses of a lie

    @property
    def kept(self) -> str:
        """The last good addresses, in words."""
        return ", ".join(str(place.address) for place in self.places)


UNNAMED = Naming()


class CloudName:
    """Keeps the addresses of the cloud PBX's name. changed() is called when they are others."""

    def __init__(self, kept: Path, copy: Path, ask: Ask, changed: Callable[[], None] = lambda: None) -> None:
        """kept: the durable file; copy: what Kamailio's launcher reads, in its run folder."""
        self._kept = kept
        self._copy = copy
        self._ask = ask
        self.changed = changed
        self.naming = UNNAMED
        self._voice = VoiceSection()
        self._wake = asyncio.Event()

    def adopt(self, voice: VoiceSection) -> None:
        """Put settings in force: what was kept of their name serves at once."""
        self._voice = voice
        question = question_of(voice)
        if question != self.naming.question:
            self.naming = Naming(question, read_places(self._kept, question))
            self._publish()
        self.now()

    def now(self) -> None:
        """Ask at once: the link changed, and with it the name servers."""
        self._wake.set()

    async def run(self) -> None:
        """Ask whenever it is time, for ever."""
        retry = RETRY_S
        while True:
            wait: float | None = None
            if self.naming.question is not None:
                ttl_s = await self._look_up(self.naming.question)
                wait = retry if ttl_s is None else float(ask_again_in(ttl_s))
                retry = min(2 * retry, RETRY_MAX_S) if ttl_s is None else RETRY_S
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
                retry = RETRY_S
            except TimeoutError:
                continue
            finally:
                self._wake.clear()

    async def _look_up(self, question: Question) -> int | None:
        """Ask; seconds to live of what was believed, None for trouble."""
        try:
            found, ttl_s = await self._find(question)
        except NoAnswer as error:
            self._in_trouble(question, Trouble.SILENT, str(error))
            return None
        good = tuple(believed(found, self.naming.places, self._voice))
        if not good:
            said = ", ".join(sorted({str(one.address) for one in found}))
            self._in_trouble(question, Trouble.LIE if found else Trouble.UNKNOWN, said)
            return None
        if question != self.naming.question:
            return None  # the settings changed meanwhile
        news = good != self.naming.places
        self.naming = Naming(question, good)
        if news:
            log.info("%s is at %s", question.name, ", ".join(f"{one.address}:{one.port}" for one in good))
            self._publish()
            await asyncio.to_thread(self._keep)  # an SD card takes up to seconds
        return ttl_s

    async def _find(self, question: Question) -> tuple[list[Place], int]:
        services = await self._services(question)
        if not services:
            said = await self._ask(question.name, A)
            ttls = [one.ttl_s for one in said.addresses]
            return [Place(one.address, question.port) for one in said.addresses], min(ttls, default=0)
        found: list[Place] = []
        for service in services:
            said = await self._ask(service.target, A)
            found += [Place(one.address, service.port) for one in said.addresses]
        return found, min(service.ttl_s for service in services)

    async def _services(self, question: Question) -> list[Service]:
        if not question.services:
            return []
        said = await self._ask(f"_sip._{question.transport}.{question.name}", SRV)
        return in_order(one for one in said.services if one.target)

    def _in_trouble(self, question: Question, trouble: Trouble, said: str) -> None:
        if self.naming.trouble != trouble:
            log.warning("%s: %s %s", question.name, trouble, said)
        if question == self.naming.question:
            self.naming = Naming(question, self.naming.places, trouble, said)

    def _keep(self) -> None:
        try:
            write_durably(self._kept, _text(self.naming).encode())
        except OSError as error:
            log.warning("%s not kept: %s", self._kept, error)

    def _publish(self) -> None:
        try:
            fresh = self._copy.with_name(f"{self._copy.name}.new")
            fresh.write_text(_text(self.naming), encoding="ascii")
            fresh.chmod(0o640)
            fresh.replace(self._copy)
        except OSError as error:
            log.warning("%s not written: %s", self._copy, error)
        self.changed()


def read_places(path: Path, question: Question | None) -> tuple[Place, ...]:
    """The addresses kept for this question; none for another one, or when the file is not readable."""
    if question is None:
        return ()
    try:
        held = json.loads(path.read_bytes())
        if held["question"] != _shape(question):
            return ()
        return tuple(Place(IPv4Address(address), int(port)) for address, port in held["places"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s: %s", path, error)
        return ()


def _text(naming: Naming) -> str:
    places = [[str(place.address), place.port] for place in naming.places]
    return json.dumps({"question": _shape(naming.question) if naming.question else None, "places": places})


def _shape(question: Question) -> list[object]:
    return [question.name, question.port, str(question.transport), question.services]
