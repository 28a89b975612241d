"""A SIM made ready when the port was opened: its PIN typed if that is safe, and told what stands in the way if not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from edge.modem.port.at import AtError, AtRefused, AtSilent
from edge.modem.sim import card
from edge.modem.sim.book import SimBook
from edge.modem.sim.card import Lock
from edge.modem.sim.pin import Move, Try, decide

log = logging.getLogger(__name__)

SIM_TRIES, SIM_WAIT_S = 20, 1.0  # SMS commands answer 314 until the SIM is read after power-up
# +CME ERROR: SIM not inserted, failure, wrong (TS 27.007, 9.2).
NO_SIM = (10, 13, 15)
BUSY = (14, 314, 515)
PIN_WRONG = (11, 12, 16)  # PIN required still, PUK required, incorrect password

T = TypeVar("T")
Command = Callable[[str], Awaitable[list[str]]]
SecretCommand = Callable[[str, str], Awaitable[list[str]]]


class Unfit(AtError):
    """It answers, but cannot send SMS now. trouble is the name of the check that tells people; data are for its words."""

    def __init__(self, trouble: str, text: str, **data: str) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.data = data


class Unlocking:
    """The SIM of one modem until it is ready."""

    def __init__(self, modem: str, pin: str | None, command: Command, secret: SecretCommand, book: SimBook) -> None:
        """command sends one AT command, secret one that holds a secret; both raise AtError."""
        self.iccid: str | None = None
        self._modem = modem
        self._pin = pin
        self._command = command
        self._secret = secret
        self._book = book
        self._begun = False  # a try of this opening whose answer was lost

    async def ready(self) -> None:
        """Return once the SIM can be used. Raises Unfit, AtError."""
        for _ in range(SIM_TRIES):
            locked = await self._locked()
            if locked is not Lock.BUSY:
                self.iccid = await self._first(card.NUMBER_QUESTIONS, card.iccid)
            if locked is Lock.READY:
                if self._begun and self._pin is not None:
                    self._book.note(self._modem, self.iccid, self._pin, Try.ACCEPTED)
                return
            if locked is Lock.BUSY or await self._moved(locked):
                await asyncio.sleep(SIM_WAIT_S)
        raise Unfit("sim_missing", "the SIM stays busy")

    async def _locked(self) -> Lock:
        try:
            return card.lock(await self._command("AT+CPIN?")) or Lock.READY
        except AtRefused as refused:
            if refused.code in NO_SIM:
                raise Unfit("sim_missing", str(refused)) from refused
            return Lock.BUSY if refused.code in BUSY else Lock.READY

    async def _moved(self, locked: Lock) -> bool:
        """Try the PIN if it may be tried; True when it was right. Raises Unfit when it may not."""
        left = await self._first(card.TRIES_QUESTIONS, card.tries_left)
        before = Try.NEVER if self._pin is None else self._book.tried(self._modem, self.iccid, self._pin)
        move = decide(locked, pin_given=self._pin is not None, before=before, left=left)
        if move is not Move.TRY or self._pin is None:
            raise Unfit(move.value, f"{locked} ({left} tries left)", left="?" if left is None else str(left))
        return await self._try(self._pin)

    async def _try(self, pin: str) -> bool:
        self._book.note(self._modem, self.iccid, pin, Try.BEGUN)
        try:
            await self._secret(f'AT+CPIN="{pin}"', pin)
        except AtRefused as refused:
            # Another refusal, e.g. busy: it may have been typed or not, and stays begun.
            if refused.code is None or refused.code in PIN_WRONG:
                self._book.note(self._modem, self.iccid, pin, Try.REFUSED)
            log.error("%s: the SIM refused the PIN of the settings: %s", self._modem, refused.text)
            return False
        except AtSilent:
            log.error("%s: no answer to the PIN of the settings", self._modem)
            self._begun = True
            return False
        self._book.note(self._modem, self.iccid, pin, Try.ACCEPTED)
        log.info("%s: the SIM took its PIN", self._modem)
        return True

    async def _first(self, questions: Sequence[str], read: Callable[[Sequence[str]], T | None]) -> T | None:
        """The answer to the first question that this make of modem understands."""
        for question in questions:
            try:
                found = read(await self._command(question))
            except AtRefused as refused:
                log.debug("%s: %s", self._modem, refused)
                continue
            if found is not None:
                return found
        return None
