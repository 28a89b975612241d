"""The modem's AT command interpreter (3GPP TS 27.007, 27.005): octets in, octets out. What it obeys is in commands/."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hil.rig.virtual.modem.commands import COMMANDS
from hil.rig.virtual.modem.commands.table import Answer, Refused
from hil.rig.virtual.modem.faults import Armed
from hil.rig.virtual.modem.kept import Kept
from hil.rig.virtual.modem.memory import Memory
from hil.rig.virtual.modem.network import Network
from hil.rig.virtual.modem.personalities import PERSONALITIES, Personality

ESC, CTRL_Z = 0x1B, 0x1A

TakeText = Callable[[str], Awaitable[Answer]]


@dataclass(frozen=True)
class Traits:
    """How this modem behaves; times in seconds."""

    submit_s: float = 0.05
    accept_at: float = 0.5  # the network has the part after this share of submit_s; the answer comes at its end
    command_s: float = 0.0
    unknown: str = "(?!)"  # regular expression on the commands it answers with ERROR
    keeps_echo: bool = False  # ATE0 changes nothing
    personality: str = "plain"


class Interpreter:
    """One power-up of the modem. Settings are lost with it."""

    def __init__(
        self, memory: Memory, network: Network, armed: Armed, traits: Traits, send: Callable[[bytes], None]
    ) -> None:
        self.memory = memory
        self.network = network
        self.armed = armed
        self.traits = traits
        self.settings = Kept()
        self.echo = True
        self._send = send
        self._line = bytearray()
        self._text: bytearray | None = None  # not None: waiting for the text of a message
        self._take: TakeText | None = None
        self._backlog = bytearray()  # what came while a command was being done
        self._busy: asyncio.Task[None] | None = None

    @property
    def kept(self) -> Kept:
        """What outlives power."""
        return self.memory.kept

    @property
    def personality(self) -> Personality:
        """The make of modem."""
        return PERSONALITIES[self.traits.personality]

    def stop(self) -> None:
        """Power off: a part that the network does not have yet is lost."""
        if self._busy is not None:
            self._busy.cancel()

    def feed(self, octets: bytes) -> None:
        """Take what came from the port."""
        if self.armed.hang:
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

    def ask_for_text(self, take: TakeText, *, prompt: bool) -> None:
        """Have what comes until Ctrl-Z given to take, which is the rest of the command."""
        self._text, self._take = bytearray(), take
        if prompt:
            self._send(b"\r\n> ")

    def forget_settings(self) -> None:
        """As ATZ does."""
        self.settings, self.echo = Kept(), True

    # -- octets -------------------------------------------------------------------------------------------------

    def _take_command(self, octet: int) -> None:
        if octet in (0x0D, 0x0A):
            line, self._line = self._line.decode("latin-1").strip(), bytearray()
            if self.echo and octet == 0x0D:
                self._send(b"\r")
            if line:
                self._start(self._obey(line))
        elif octet == ESC:
            self._line.clear()
        else:
            if self.echo:
                self._send(bytes([octet]))
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
        self._send(b"\r\n" + lines.replace("\n", "\r\n").encode() + b"\r\n")

    # -- commands -----------------------------------------------------------------------------------------------

    async def _obey(self, line: str) -> None:
        await asyncio.sleep(self.traits.command_s)
        await self._answer(self._find(line.upper()))

    async def _find(self, command: str) -> Answer:
        if not re.match(self.traits.unknown, command):
            for pattern, handle in COMMANDS:
                found = re.fullmatch(pattern, command)
                if found:
                    answer = handle(self, found)
                    return answer if isinstance(answer, str | None) else await answer
        raise Refused

    async def _answer(self, work: Awaitable[Answer]) -> None:
        """Say the information lines, then OK or what was wrong (ITU-T V.250, 5.7.1)."""
        try:
            lines = await work
        except Refused as refused:
            self._say(str(refused))
            return
        if lines is None:
            return
        if lines:
            self._say(lines)
        self._say("OK")
