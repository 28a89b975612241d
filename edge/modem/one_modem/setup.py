"""Bringing a modem to a known state when its port was opened: it forgot everything if it was off (TS 27.005, 27.007)."""

from __future__ import annotations

import asyncio
import logging

from edge.modem.port import answers
from edge.modem.port.at import AtRefused
from edge.modem.radio.about import About
from edge.modem.sim import card
from edge.modem.sim.unlocking import BUSY, SIM_TRIES, SIM_WAIT_S, Command, Unfit, Unlocking
from edge.shared.model import ModemDevice

log = logging.getLogger(__name__)

# +CMS ERROR: SIM not inserted, PIN or PUK required, failure (TS 27.005, 3.2.5).
NO_SIM_FOR_SMS = (310, 311, 316)
# Reports stored and announced (ds=2) outlive this process; pushed ones (ds=1) are the second best, none the last.
ANNOUNCE = ("AT+CNMI=2,1,0,2,0", "AT+CNMI=1,1,0,2,0", "AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1")


class Setup:
    """The commands after which a modem can send and receive."""

    def __init__(self, device: ModemDevice, command: Command, about: About, unlocking: Unlocking) -> None:
        """command sends one AT command and raises AtError; about is filled in."""
        self._device = device
        self._name = device.name
        self._command = command
        self._about = about
        self._unlocking = unlocking

    async def basics(self) -> None:
        """Echo off, errors as numbers, a SIM that can be used, PDU mode. Raises AtError, Unfit."""
        await self.attempt("ATE0")
        await self.attempt("AT+CMEE=1")
        await self.sim()
        await self._set_pdu_mode()

    async def sim(self) -> None:
        """A SIM that can be used. Raises AtError, Unfit."""
        await self._unlocking.ready()
        self._about.iccid = self._unlocking.iccid

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

    async def service_centre(self) -> None:
        """The SMS centre of the settings, where they name one and the modem has another."""
        wanted = self._device.smsc
        if wanted is None or card.service_centre(await self.attempt("AT+CSCA?") or []) == wanted:
            return
        if await self.attempt(f'AT+CSCA="{wanted}",{145 if wanted.startswith("+") else 129}') is None:
            log.warning("%s: the modem refuses the SMS centre of the settings", self._name)

    async def attempt(self, command: str) -> list[str] | None:
        """A command that a modem may not know: None when it refuses."""
        try:
            return await self._command(command)
        except AtRefused as refused:
            log.debug("%s: %s", self._name, refused)
            return None

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
