"""The calls of one modem step by step, without a modem, a clock or any waiting."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.modem.calls import decision
from edge.modem.calls.state import Calls, Dial, Event, Pressed, Purpose, Ran, Run, Show, Talk, Tick
from edge.shared.messages.modem_calls import CallCause, CallState

NUMBER = "+33612345678"


@dataclass
class Scene:
    """Steps one after another, and what they led to. What the modem lists is said by each test."""

    now: float = 100.0
    calls: Calls = field(default_factory=Calls)
    shown: list[Talk] = field(default_factory=list)
    waiting: list[Run] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)

    def give(self, event: Event) -> None:
        self.calls, actions = decision.step(self.calls, event, self.now)
        for action in actions:
            match action:
                case Show(talk):
                    self.shown.append(talk)
                case Run():
                    self.waiting.append(action)
                case Pressed(_, key):
                    self.pressed.append(key)

    def told(self) -> list[str]:
        return [run.command for run in self.waiting]

    def answer(
        self, command: str, *lines: str, error: str | None = None, code: int | None = None, silent: bool = False
    ) -> None:
        run = next(run for run in self.waiting if run.command == command)
        self.waiting.remove(run)
        self.give(Ran(run, lines, error, code, silent))

    def look(self, *lines: str) -> None:
        """The modem is asked for its list and says this."""
        if not any(run.purpose is Purpose.LOOK for run in self.waiting):
            self.now = max(self.now, decision.next_look(self.calls) or self.now)
            self.give(Tick())
        self.answer("AT+CLCC", *lines)

    def last(self) -> tuple[CallState, CallCause | None]:
        return self.shown[-1].state, self.shown[-1].cause

    def dialled(self, number: str = NUMBER) -> None:
        self.give(Dial(1, number))
        self.answer(f"ATD{number};")
        self.look(f'+CLCC: 1,0,2,0,0,"{number}",145')

    def speaking(self) -> None:
        self.dialled()
        self.look(f'+CLCC: 1,0,0,0,0,"{NUMBER}",145')
        assert self.last() == (CallState.ACTIVE, None)
