"""The modem's AT command interpreter (3GPP TS 27.007, 27.005): octets in, octets out. What it obeys is in commands/."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hil.rig.virtual.modem import errors, line
from hil.rig.virtual.modem.commands import COMMANDS, general, sim, storage
from hil.rig.virtual.modem.commands.table import Answer, Refused, cms
from hil.rig.virtual.modem.faults import Armed
from hil.rig.virtual.modem.kept import Kept
from hil.rig.virtual.modem.memory import STORAGES, Memory
from hil.rig.virtual.modem.network import Network
from hil.rig.virtual.modem.personalities import PERSONALITIES, Personality

ESC, CTRL_Z = 0x1B, 0x1A
LINE_MAX = 2048  # octets of a command or a text; what is longer is cut
SMS_COMMANDS = re.compile(r"AT\+C(?:MG[A-Z]|PMS|NM[AI]|SCA|SMS|MMS|MSS)", re.IGNORECASE)

TakeText = Callable[[str], Awaitable[Answer]]


@dataclass(frozen=True)
class Traits:
    """How this one behaves; times in seconds."""

    submit_s: float = 0.05
    accept_at: float = 0.5  # the network has the part after this share of submit_s; the answer comes at its end
    command_s: float = 0.0
    unknown: str = "(?!)"  # regular expression on the commands it answers with ERROR
    keeps_echo: bool = False  # ATE0 changes nothing
    personality: str = "plain"
    prompt_s: float = 0.0
    list_s: float = 0.0  # for each entry of AT+CMGL
    delete_s: float = 0.0
    boot_share: float = 0.05  # of the time the make takes for its boot
    more_messages: float = 1.0  # a part takes this share of submit_s while AT+CMMS keeps the link up
    own_references: bool = True  # TP-MR is the modem's; False: as the part says
    reports_in: str | None = None  # where CNMI ds=2 stores; None: as the make does
    drops_unrouted: bool = False  # reports are lost while CNMI ds=0
    storage: str | None = None  # selected at power-up; None: the first
    capacity: Mapping[str, int] = field(default_factory=dict)  # other than that of the make; 0: not there


class Crash(Protocol):
    """What the modem's firmware can do to the modem."""

    def __call__(self, off_s: float, *, warm: bool = False) -> None:
        """Be gone for off_s seconds, then come back; warm: the port only, the firmware goes on."""


@dataclass
class Body:
    """What the firmware runs in."""

    memory: Memory
    network: Network
    armed: Armed
    traits: Traits
    dice: random.Random
    send: Callable[[bytes], None]
    crash: Crash


class Interpreter:
    """One power-up of the modem. Settings are lost with it."""

    def __init__(self, body: Body) -> None:
        self.memory = body.memory
        self.network = body.network
        self.armed = body.armed
        self.traits = body.traits
        self.dice = body.dice
        self.crash = body.crash
        self.personality: Personality = PERSONALITIES[body.traits.personality]
        self.settings = Kept()
        self.echo = True
        self.sms_ready = False
        self._on = True
        self._send = body.send
        self._line = bytearray()
        self._text: bytearray | None = None  # not None: waiting for the text of a message
        self._take: TakeText | None = None
        self._backlog = bytearray()  # what came while a command was being done
        self._busy: asyncio.Task[None] | None = None
        self._boot()

    @property
    def kept(self) -> Kept:
        """What outlives power."""
        return self.memory.kept

    @property
    def storages(self) -> list[str]:
        """The storages that are there."""
        return [name for name in STORAGES if self.places(name)]

    @property
    def selected(self) -> list[str]:
        """The storages for reading, for writing, and for what is received."""
        return storage.selected(self)

    def places(self, name: str) -> range:
        """The places of a storage."""
        first = self.personality.first_place
        return range(first, first + self.traits.capacity.get(name, self.personality.capacity[name]))

    def stop(self) -> None:
        """Power off: a part that the network does not have yet is lost."""
        self._on = False
        if self._busy is not None:
            self._busy.cancel()

    def feed(self, octets: bytes) -> None:
        """Take what came from the port."""
        if self.armed.hang:
            self.memory.unheard = (self.memory.unheard + octets)[-LINE_MAX:]
            return
        for octet in octets:
            if self._busy is not None:
                self._backlog.append(octet)
            elif self._text is not None:
                self._take_text(octet)
            else:
                self._take_command(octet)

    # -- for the commands ---------------------------------------------------------------------------------------

    def announce(self, lines: str) -> None:
        """Say something unasked; lines that belong together joined by newline characters."""
        self._say(lines)

    def ask_for_text(self, take: TakeText, *, prompt: bool = True) -> None:
        """Have what comes until Ctrl-Z given to take, which is the rest of the command."""
        self._text, self._take = bytearray(), take
        if prompt:
            self.chatter()
            self._send(b"\r\n> ")
            self.chatter()

    def chatter(self) -> None:
        """A place where an unsolicited line may come: it does when noise is armed and the dice say so."""
        if self.dice.random() < self.armed.garbage:
            octets = self.dice.randbytes(self.dice.randint(1, 9))
            self._send(octets.translate(None, b"\r\n> "))
        if self.dice.random() < self.armed.noise:
            self._send(_block(self.dice.choice(self.personality.chatter)))

    def later(self, delay_s: float, call: Callable[..., None], *arguments: object) -> None:
        """Do this after a while, if this power-up lasts so long."""

        def do() -> None:
            if self._on:
                call(*arguments)

        asyncio.get_running_loop().call_later(delay_s, do)

    def forget_settings(self) -> None:
        """As ATZ does."""
        self.settings, self.echo = Kept(), True

    # -- power-up -----------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        """Say the lines of the make; what serves SMS is ready with one of them, or at once where none speaks of it."""
        said = self.personality.boot
        if not any("SMS DONE" in text for _, text in said):
            self.later(0, self._make_sms_ready)
        for after_s, text in said:
            self.later(after_s * self.traits.boot_share, self._say_boot, text)

    def _say_boot(self, text: str) -> None:
        if "SMS DONE" in text:
            self._make_sms_ready()
        self.announce(text)

    def _make_sms_ready(self) -> None:
        self.sms_ready = True
        self.network.room_again()

    # -- octets -------------------------------------------------------------------------------------------------

    def _take_command(self, octet: int) -> None:
        if octet in (0x0D, 0x0A):
            text, self._line = self._line.decode("latin-1").strip(), bytearray()
            if self.echo and octet == 0x0D:
                self._send(b"\r")
            if text:
                self._start(self._obey(text))
        elif octet == ESC:
            self._line.clear()
        else:
            if self.echo:
                self._send(bytes([octet]))
            if len(self._line) < LINE_MAX:
                self._line.append(octet)

    def _take_text(self, octet: int) -> None:
        assert self._text is not None
        assert self._take is not None
        if octet == ESC:
            self._text = None
            self._say("OK")
        elif octet == CTRL_Z:
            text, self._text = self._text.decode("latin-1").strip(), None
            self._start(self._answer(self._take(text)))
        else:
            if self.echo:
                self._send(bytes([octet]))
            if len(self._text) < LINE_MAX:
                self._text.append(octet)

    def _start(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        self._busy = asyncio.get_running_loop().create_task(work)
        self._busy.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy = None
        if not task.cancelled():
            task.result()
            backlog, self._backlog = bytes(self._backlog), bytearray()
            self.feed(backlog)

    def _say(self, lines: str) -> None:
        self.chatter()
        self._send(_block(lines))

    # -- commands -----------------------------------------------------------------------------------------------

    async def _obey(self, text: str) -> None:
        await asyncio.sleep(self.traits.command_s)
        found = line.commands(text)
        for command in found[:-1]:
            try:
                self._inform(await self._find(command) or "")
            except Refused as refused:
                self._refuse(refused)
                return
        if found:
            await self._answer(self._find(found[-1]))

    async def _find(self, command: str) -> Answer:
        self.memory.commands.append((time.monotonic_ns(), command))
        if not self.sms_ready and SMS_COMMANDS.match(command):
            raise cms(314)
        for unknown in (self.traits.unknown, self.personality.unknown):
            if re.match(unknown, command, re.IGNORECASE):
                raise Refused
        sim.gate(self, command)
        for pattern, handle in COMMANDS:
            found = re.fullmatch(pattern, command, re.IGNORECASE)
            if found:
                answer = handle(self, found)
                return answer if isinstance(answer, str | None) else await answer
        raise Refused

    async def _answer(self, work: Awaitable[Answer]) -> None:
        """Say the information lines, then OK or what was wrong (ITU-T V.250, 5.7.1)."""
        try:
            lines = await work
        except Refused as refused:
            self._refuse(refused)
            return
        if lines is not None:
            self._inform(lines)
            self._say("OK")
            self.chatter()

    def _inform(self, lines: str) -> None:
        """Each information line with what belongs to it, the PDU of a listing for one, is a unit."""
        for unit in re.split(r"\n(?=\+)", lines) if lines else []:
            self._say(unit)

    def _refuse(self, refused: Refused) -> None:
        self._say(errors.wording(refused, general.cmee(self), bare_cms=self.personality.bare_cms))


def _block(lines: str) -> bytes:
    return b"\r\n" + lines.replace("\n", "\r\n").encode() + b"\r\n"
