"""What a row of the tables is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

# A handler gives the information lines of the answer, joined by \n ("" for none); OK follows by itself. None: it says
# what there is to say itself. It raises Refused for an error. The pattern matches the whole command in capitals.
Answer = str | None
Handler = Callable[["Interpreter", "re.Match[str]"], "Answer | Awaitable[Answer]"]
Commands = Sequence[tuple[str, Handler]]

# {"do": NAME, ...} of the control socket: what to do, and further members of the answer. Raises ValueError.
Request = Callable[["VirtualHardware", "dict[str, Any]"], "dict[str, Any] | Awaitable[dict[str, Any] | None] | None"]
Requests = Mapping[str, Request]


class Refused(Exception):
    """The command fails. kind: CME (TS 27.007, 9.2) or CMS (TS 27.005, 3.2.5); None is a bare ERROR."""

    def __init__(self, kind: str | None = None, code: int = 0) -> None:
        super().__init__(f"+{kind} ERROR: {code}" if kind else "ERROR")
        self.kind = kind
        self.code = code


def cms(code: int) -> Refused:
    """A failure of the message service."""
    return Refused("CMS", code)


def cme(code: int) -> Refused:
    """A failure of the equipment."""
    return Refused("CME", code)


def fixed(answer: str = "") -> Handler:
    """A command that always gives this."""
    return lambda _modem, _found: answer
