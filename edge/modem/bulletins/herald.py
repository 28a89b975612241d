"""Tells technicians how the box is: answers ETAT, and says when the level changed. Needs no other daemon to be alive.

What is to be told is a row before anything is asked or written, so a killed herald goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from edge.modem.bulletins import etat
from edge.modem.bulletins.book import Bulletins, Owed
from edge.modem.bulletins.level_watch import Sight, can_send, step
from edge.modem.bulletins.neighbours import Heard, Neighbours
from edge.modem.bulletins.state_text import Condition, answer_text, change_text
from edge.modem.fleet import Fleet
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.pdu.parts import split
from edge.shared.level import level_of
from edge.shared.messages.modem import ModemsResult, SmsSeverity
from edge.shared.model import Site

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
PAUSE_S = 0.3  # between two looks at the inbox, whose bell rings for the outbox too
TROUBLE_PAUSE_S = 1.0


class Herald:
    """The one who watches and tells."""

    def __init__(self, bulletins: Bulletins, office: Office, fleet: Fleet, neighbours: Neighbours) -> None:
        self._bulletins = bulletins
        self._office = office
        self._fleet = fleet
        self._neighbours = neighbours
        self._site = ""
        self._technicians: tuple[str, ...] = ()  # E.164
        self._look_at = 0.0
        self._in_trouble = False

    def follow(self, site: Site) -> None:
        """Go by these settings from now on."""
        self._site = site.site.name
        numbers = (etat.e164(number) for number in site.modem.technicians)
        self._technicians = tuple(number for number in numbers if number is not None)

    async def run(self) -> None:
        """Watch for ever. What goes wrong here costs nothing but what it was about: sending goes on."""
        while True:
            rings = self._office.bell.rings
            try:
                await self._turn()
            except Exception as error:  # noqa: BLE001 - a full disk, or a defect of ours: neither may end the sender of alerts
                self._say_trouble(error)
                await asyncio.sleep(TROUBLE_PAUSE_S)
                continue
            self._in_trouble = False
            await asyncio.sleep(PAUSE_S)
            await self._office.bell.wait_past(rings, LOOK_EVERY_S)

    async def _turn(self) -> None:
        while self._bulletins.read_inbox(self._technicians):
            pass
        if self._technicians and monotonic() >= self._look_at:
            await self._watch_level()
            self._look_at = monotonic() + LOOK_EVERY_S
        for owed in self._bulletins.owed():
            await self._tell(owed)

    async def _watch_level(self) -> None:
        condition, heard = await self._condition()
        sight = Sight(condition.level, heard.cloud_known, can_send(condition.modems))
        watched = self._bulletins.watched()
        seen, change = step(watched, sight, self._bulletins.told_at(), self._office.clock.now())
        if seen != watched or change is not None:
            self._bulletins.remember(seen, change)

    async def _tell(self, owed: Owed) -> None:
        text = owed.text
        if text is None:
            text = await self._words(owed)
            self._bulletins.write(owed.id, text)
        # Before an alert to thousands, which would take the hour: these are few, and their number is limited.
        numbers = self._technicians if owed.number is None else (owed.number,)
        for number in numbers:
            self._office.outbox.put(
                number, text, split(text), f"{owed.request_id}-{number}", severity=SmsSeverity.CRISIS
            )
        self._bulletins.queued(owed.id)

    async def _words(self, owed: Owed) -> str:
        condition, _heard = await self._condition()
        condition = replace(condition, phones=await self._neighbours.phones(), waiting=self._office.outbox.waiting())
        if owed.change is None:
            return answer_text(self._site, condition, self._office.clock.now().astimezone())
        change = replace(owed.change, since=owed.change.since.astimezone())
        if change.isolated_since is not None:
            change = replace(change, isolated_since=change.isolated_since.astimezone())
        return change_text(self._site, change, condition)

    async def _condition(self) -> tuple[Condition, Heard]:
        heard = await self._neighbours.hear()
        modems = ModemsResult(modems=self._fleet.modems(), gateways=self._fleet.gateways.listed())
        level = level_of(heard.links, heard.mode, modems)
        return Condition(heard.links, heard.mode, None, modems, level), heard

    def _say_trouble(self, error: Exception) -> None:
        """Once, not every try."""
        if not self._in_trouble:
            log.error("the technicians cannot be told how the box is: %s", error, exc_info=error)
        self._in_trouble = True
