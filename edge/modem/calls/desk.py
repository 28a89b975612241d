"""The calls of one modem at work: wishes and lines go through the pure steps, their commands to the port one by one."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from edge.modem.bell import Bell
from edge.modem.calls import decision, dialect
from edge.modem.calls.book import CallBook
from edge.modem.calls.state import Action, Calls, Dial, Event, Gone, Pressed, Ran, Run, Said, Show, Talk, Tick
from edge.modem.companion import ReadyModem, command
from edge.modem.monotonic import monotonic
from edge.modem.port.at import AtRefused, AtSilent
from edge.shared.messages.modem_calls import Call, CallEvent, CallState

log = logging.getLogger(__name__)

# So that callers are named, keys are heard and ATH ends a call; each make knows some of them, none needs all.
SETTINGS = ("AT+CLIP=1", "AT+CVHU=0", "AT+COLP=0", "AT+DDET=1", "AT+QTONEDET=1", 'AT+QINDCFG="ccinfo",1')

Tell = Callable[[CallEvent], None]


class CallDesk:
    """One modem's calls, there or not."""

    def __init__(self, modem: ReadyModem, book: CallBook, tell: Tell) -> None:
        """tell(event) is called for every change and every key."""
        self._modem = modem
        self._book = book
        self._tell = tell
        self._calls = Calls()
        self._waiting: deque[Run] = deque()
        self._settings: deque[str] = deque()
        self._bell = Bell()
        self._begun = False

    async def work(self) -> None:
        """Set the modem up for calls, then have every command done, and look at its list while there are calls."""
        self._adopt()
        self._settings = deque(SETTINGS)
        while True:
            rings = self._bell.rings
            if self._waiting:
                await self._run(self._waiting.popleft())
            elif self._settings:
                with contextlib.suppress(AtRefused, AtSilent):  # it does not know this one
                    await command(self._modem, self._settings.popleft())
            else:
                due = decision.next_look(self._calls)
                await self._bell.wait_past(rings, None if due is None else max(0.0, due - monotonic()))
                if due is not None and monotonic() >= due:
                    self.give(Tick())

    def hears(self, line: str) -> bool:
        """A line about calls."""
        if dialect.read(line) is None:
            return False
        self.give(Said(line))
        return True

    def lost(self) -> None:
        """The modem is gone, and its calls with it. May be said again while it stays away."""
        self._adopt()
        self._waiting.clear()
        self.give(Gone())

    def give(self, event: Event) -> None:
        """Let something happen to the calls."""
        self._calls, actions = decision.step(self._calls, event, monotonic())
        runs = [action for action in actions if isinstance(action, Run)]
        if isinstance(event, Dial) and event.emergency:
            self._waiting.extendleft(reversed(runs))
        else:
            self._waiting.extend(runs)
        rows: dict[int, int] = {}
        for action in actions:
            self._show(action, rows)
        self._bell.ring()

    def talk(self, key: int) -> Talk | None:
        """The call of this id while it lasts."""
        return self._calls.find(key)

    def is_free(self) -> bool:
        """Whether it has no call."""
        return not self._calls.talks

    def _adopt(self) -> None:
        """What was in progress when the daemon ended may still be; what was only asked for may have been dialled."""
        if not self._begun:
            self._begun = True
            self._calls = decision.adopted(map(_talk, self._book.in_progress(self._modem.name)), monotonic())

    async def _run(self, run: Run) -> None:
        """Raises AtClosed, AtOutOfStep."""
        if not decision.still_wanted(self._calls, run):
            self.give(Ran(run, error="withdrawn"))
            return
        try:
            lines = await command(self._modem, run.command)
        except AtSilent:
            self.give(Ran(run, error="no answer", silent=True))
        except AtRefused as refused:
            text = str(refused).removeprefix(f"{run.command}: ")
            log.info("%s: %s refused: %s", self._modem.name, run.purpose, text)
            self.give(Ran(run, error=text, code=refused.code))
        else:
            self.give(Ran(run, tuple(lines)))

    def _show(self, action: Action, rows: dict[int, int]) -> None:
        """rows: what calls from outside are called since they have a row."""
        match action:
            case Show(talk):
                call = self._book.keep(self._modem.name, replace(talk, key=rows.get(talk.key, talk.key)))
                if talk.key < 0:
                    rows[talk.key] = call.id
                    self._calls = _renamed(self._calls, talk.key, call.id)
                self._tell(CallEvent(call=call))
            case Pressed(talk, key):
                self._tell(CallEvent(call=self._book.find(talk.key), key=key))


def _renamed(state: Calls, key: int, row: int) -> Calls:
    """A call from outside has its row now."""
    return replace(state, talks=tuple(replace(talk, key=row) if talk.key == key else talk for talk in state.talks))


def _talk(call: Call) -> Talk:
    state = CallState.DIALLING if call.state is CallState.REQUESTED else call.state
    spoke = call.answered_at is not None
    return Talk(call.id, call.incoming, call.number, state, 0.0, spoke=spoke)
