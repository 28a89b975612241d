"""Bringing a modem to a known state when its port was opened: it forgot everything if it was off (TS 27.005, 27.007)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from edge.modem import answers
from edge.modem.at import AtError, AtRefused
from edge.modem.facts import About

log = logging.getLogger(__name__)

SIM_TRIES, SIM_WAIT_S = 20, 1.0  # SMS commands answer 314 until the SIM is read after power-up
SIM_LOCKED = ("SIM PIN", "SIM PUK", "SIM PIN2", "SIM PUK2", "PH-SIM PIN")
# +CME ERROR: SIM not inserted, failure, wrong; +CMS ERROR: not inserted, PIN or PUK required, failure (TS 27.007, 9.2).
NO_SIM, NO_SIM_FOR_SMS = (10, 13, 15), (310, 311, 316)
BUSY = (14, 314, 515)
# Reports stored and announced (ds=2) outlive this process; pushed ones (ds=1) are the second best, none the last.
ANNOUNCE = ("AT+CNMI=2,1,0,2,0", "AT+CNMI=1,1,0,2,0", "AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1")

Command = Callable[[str], Awaitable[list[str]]]


class Unfit(AtError):
    """It answers, but cannot send SMS now. trouble is the name of the check that tells people."""

    def __init__(self, trouble: str, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


class Setup:
    """The commands after which a modem can send and receive."""

    def __init__(self, name: str, command: Command, about: About) -> None:
        """command sends one AT command and raises AtError; about is filled in."""
        self._name = name
        self._command = command
        self._about = about

    async def basics(self) -> None:
        """Echo off, errors as numbers, a SIM that can be used, PDU mode. Raises AtError, Unfit."""
        await self.attempt("ATE0")
        await self.attempt("AT+CMEE=1")
        await self._check_sim()
        await self._set_pdu_mode()

    async def announcements(self) -> None:
        """Have what comes in stored and announced."""
        for announce in ANNOUNCE:
            if await self.attempt(announce) is not None:
                return
        log.warning("%s: cannot announce messages and reports; they are only looked for", self._name)

    async def identity(self) -> None:
        """Who made it, and which SIM is in it."""
        self._about.manufacturer = answers.plain(await self.attempt("AT+CGMI") or [])
        self._about.model = answers.plain(await self.attempt("AT+CGMM") or [])
        self._about.imsi = answers.imsi(await self.attempt("AT+CIMI") or [])

    async def attempt(self, command: str) -> list[str] | None:
        """A command that a modem may not know: None when it refuses."""
        try:
            return await self._command(command)
        except AtRefused as refused:
            log.debug("%s: %s", self._name, refused)
            return None

    async def _check_sim(self) -> None:
        for _ in range(SIM_TRIES):
            try:
                lines = await self._command("AT+CPIN?")
            except AtRefused as refused:
                if refused.code in NO_SIM:
                    raise Unfit("sim_missing", str(refused)) from refused
                if refused.code not in BUSY:
                    return
            else:
                # A PIN is never tried: a wrong one three times blocks the SIM for good.
                if any(locked in line for line in lines for locked in SIM_LOCKED):
                    raise Unfit("sim_locked", " ".join(lines))
                return
            await asyncio.sleep(SIM_WAIT_S)

    async def _set_pdu_mode(self) -> None:
        for _ in range(SIM_TRIES):
            try:
                await self._command("AT+CMGF=0")
            except AtRefused as refused:
                if refused.code in NO_SIM_FOR_SMS:
                    raise Unfit("sim_missing", str(refused)) from refused
                if refused.code not in BUSY:
                    raise
                await asyncio.sleep(SIM_WAIT_S)
            else:
                return
        raise Unfit("sim_missing", "the SIM stays busy")
