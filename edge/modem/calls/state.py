"""What the steps of decision.py go by: the calls of one modem, what happens to them, and what is to be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.shared.messages.modem_calls import CallCause, CallState


@dataclass(frozen=True)
class Talk:
    """One call, as long as it lasts. Times are monotonic seconds."""

    key: int  # of its row; below 0 while a call from outside has none
    incoming: bool
    number: str | None
    state: CallState
    since: float
    emergency: bool = False
    dials: int = 0  # refused ones
    place: int | None = None  # in the modem's list, once it was seen there
    spoke: bool = False  # somebody answered, here or there
    hanging: float | None = None  # when it was last told to hang up
    hang_ups: int = 0
    over: bool = False  # a line said so
    cause: CallCause | None = None
    detail: str = ""
    missing: int = 0  # lists without it, one after another


class Purpose(StrEnum):
    """What a command for the modem is for."""

    DIAL = "dial"
    ANSWER = "answer"
    HANG_UP = "hang_up"
    KEY = "key"
    LOOK = "look"
    ASK_CAUSE = "ask_cause"


@dataclass(frozen=True)
class Run:
    """A command for the modem; its outcome comes back as Ran."""

    purpose: Purpose
    command: str
    key: int = 0


@dataclass(frozen=True)
class Show:
    """A call that changed: to be kept and told."""

    talk: Talk


@dataclass(frozen=True)
class Pressed:
    """A key at the other end."""

    talk: Talk
    key: str


Action = Run | Show | Pressed


@dataclass(frozen=True)
class Dial:
    """Somebody wants this number called."""

    key: int
    number: str
    emergency: bool = False


@dataclass(frozen=True)
class Answer:
    """Somebody takes the call."""

    key: int


@dataclass(frozen=True)
class HangUp:
    """Somebody wants it ended."""

    key: int


@dataclass(frozen=True)
class Keys:
    """Somebody presses keys."""

    key: int
    keys: str


@dataclass(frozen=True)
class Said:
    """A line nobody asked for."""

    line: str


@dataclass(frozen=True)
class Ran:
    """A command was answered. error: what was wrong, code its number; silent: there was no answer."""

    run: Run
    lines: tuple[str, ...] = ()
    error: str | None = None
    code: int | None = None
    silent: bool = False


@dataclass(frozen=True)
class Gone:
    """The port closed: nobody knows of any call any more."""


@dataclass(frozen=True)
class Tick:
    """Time passed."""


Event = Dial | Answer | HangUp | Keys | Said | Ran | Gone | Tick


@dataclass(frozen=True)
class Calls:
    """All calls of one modem. Keys of calls from outside are negative, until whoever keeps them gives them a number."""

    talks: tuple[Talk, ...] = ()
    strangers: int = 0
    looking: bool = False  # the list is asked for
    look_at: float = 0.0

    def find(self, key: int) -> Talk | None:
        """The call of this key."""
        return next((talk for talk in self.talks if talk.key == key), None)

    def speaking(self) -> Talk | None:
        """Who is spoken with."""
        return next((talk for talk in self.talks if talk.state is CallState.ACTIVE), None)
