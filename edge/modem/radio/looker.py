"""Looking at signal, registration, IMS and SIM of one modem, a command at a time, so that no message waits for it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from edge.modem.port.at import AtSilent
from edge.modem.radio import ims, signal
from edge.modem.radio.about import About
from edge.modem.radio.signal import NOTHING, REGISTERED, Reading
from edge.modem.sim import card
from edge.shared.messages.modem_radio import Registration

log = logging.getLogger(__name__)

EVERY_S = 15.0  # also how soon a modem that hangs while idle is noticed
EVERY_BUSY_S = 30.0  # a command each, while messages wait
SIM_EVERY_S = 3600.0
# Areas and cells are told, and changes are told unasked (TS 27.007, 7.2, 10.1.22, 8.71).
SWITCH_ON = ("AT+CREG=2", "AT+CEREG=2", "AT+CIREG=2")
# Each question and how its answer is read; those a modem refuses are not asked again while its port is open.
LEVELS: dict[str, Callable[[Sequence[str]], Reading]] = {
    "AT+QCSQ": signal.qcsq,
    "AT+CPSI?": signal.cpsi,
    "AT+CESQ": signal.cesq,
    "AT+CSQ": signal.csq,
}
CELLS: dict[str, Callable[[Sequence[str]], Reading]] = {
    'AT+QENG="servingcell"': signal.qeng,
    "AT+QNWINFO": signal.qnwinfo,
    "AT+COPS?": signal.cops,
}
REGISTRATIONS = ("AT+CEREG?", "AT+CREG?", "AT+CGREG?")
SIM_QUESTIONS = ("AT+CSCA?", "AT+CNUM", 'AT+CLCK="AO",2')
# The network itself answers this one, and may take longer than any other command.
SLOW = frozenset({'AT+CLCK="AO",2'})

Attempt = Callable[[str], Awaitable[list[str] | None]]


class Looker:
    """Asks one modem for as long as its port is open."""

    def __init__(self, modem: str, attempt: Attempt, about: About, now: Callable[[], float]) -> None:
        """attempt sends a command and gives None when the modem refuses it; about is filled in; now counts seconds."""
        self.rounds = 0
        self._modem = modem
        self._attempt = attempt
        self._about = about
        self._now = now
        self._refused: set[str] = set()
        self._todo: deque[str] = deque()
        self._readings: dict[str, Reading] = {}
        self._ims = ims.UNKNOWN
        self._next_at = 0.0
        self._busy_at = now() + EVERY_BUSY_S
        self._sim_at = 0.0

    async def start(self) -> None:
        """Look at everything once, when the port was opened."""
        for command in SWITCH_ON:
            await self._ask(command)
        self._begin()
        self._todo = deque(command for command in self._todo if command not in SLOW)
        while self._todo:
            await self.step()
        self._todo.extend(SLOW)

    def due(self) -> bool:
        """Whether there is something to ask while nothing else is to be done."""
        return bool(self._todo) or self._now() >= self._next_at

    def overdue(self) -> bool:
        """Whether one command should go between two messages: a batch may last an hour."""
        return self._now() >= self._busy_at

    def wait(self) -> float:
        """Seconds until it is due."""
        return 0.0 if self._todo else max(0.0, self._next_at - self._now())

    async def step(self) -> bool:
        """Ask one thing; True when that ended a round."""
        if not self._todo:
            self._begin()
        command = self._todo.popleft()
        self._busy_at = self._now() + EVERY_BUSY_S
        lines = await self._ask(command)
        if lines is None:
            self._refused.add(command)
            self._readings.pop(command, None)
        else:
            self._take(command, lines)
        if self._todo:
            return False
        self._end()
        return True

    def hear(self, line: str) -> bool:
        """Take a line told unasked, if it is about the network: the next look is now."""
        told = ims.announced(line)
        if told is not None:
            self._ims = told
        elif line.startswith(("+CREG:", "+CEREG:", "+CGREG:")):
            self._readings[f"AT{line.partition(':')[0]}?"] = signal.registration([line])
        else:
            return False
        self._next_at = 0.0
        return True

    async def _ask(self, command: str) -> list[str] | None:
        """None when the modem refuses, or says nothing to this one: it answered AT after that, so it is well."""
        try:
            return await self._attempt(command)
        except AtSilent as error:
            log.info("%s: %s", self._modem, error)
            return None

    def _begin(self) -> None:
        wanted = [*LEVELS, *REGISTRATIONS, *CELLS, *ims.QUESTIONS]
        if self._now() >= self._sim_at:
            wanted += SIM_QUESTIONS
            self._sim_at = self._now() + SIM_EVERY_S
        self._todo = deque(command for command in wanted if command not in self._refused) or deque(["AT+CSQ"])

    def _take(self, command: str, lines: list[str]) -> None:
        if command in LEVELS:
            self._readings[command] = LEVELS[command](lines)
        elif command in CELLS:
            self._readings[command] = CELLS[command](lines)
        elif command in REGISTRATIONS:
            self._readings[command] = signal.registration(lines)
        elif command in ims.QUESTIONS:
            self._take_ims(lines)
        elif command == "AT+CSCA?":
            self._about.service_centre = card.service_centre(lines)
        elif command == "AT+CNUM":
            self._about.own_number = card.own_number(lines)
        else:
            self._about.barred = card.barred(lines)

    def _take_ims(self, lines: list[str]) -> None:
        found = ims.read(lines)
        if found is not ims.UNKNOWN:
            self._ims = found
        if found.registered is not None:
            # The first make of question that tells is enough.
            self._refused.update(question for question in ims.QUESTIONS if question in self._todo)
            self._todo = deque(command for command in self._todo if command not in ims.QUESTIONS)

    def _end(self) -> None:
        """A round is over: what all answers say together."""
        about = self._about
        registered = signal.best([self._readings[name] for name in REGISTRATIONS if name in self._readings])
        levels = [self._readings[name] for name in (*LEVELS, *CELLS) if name in self._readings]
        reading = NOTHING
        for one in (*levels, registered):
            reading = reading.over(one)
        about.reading, about.ims = reading, self._ims
        csq = self._readings.get("AT+CSQ", NOTHING).rssi_dbm
        about.signal_dbm = None if csq is None else int(csq)
        about.registered = _registered(reading.registration)
        about.operator = reading.operator or reading.plmn
        self.rounds += 1
        self._next_at = self._now() + EVERY_S


def _registered(registration: Registration | None) -> bool | None:
    return None if registration in (None, Registration.UNKNOWN) else registration in REGISTERED
