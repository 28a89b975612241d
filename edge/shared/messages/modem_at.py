"""fr.repli.modem, the technician's part: one AT command between two messages."""

from __future__ import annotations

from pydantic import Field

from edge.shared.messages.common import Actor, Role
from edge.shared.messages.modem_calls import NoModemReady
from edge.shared.varlink_idl import ErrorReply, Message, Method, Params

COMMAND = r"^[Aa][Tt][\x20-\x7e]{0,198}$"


class AtParams(Params):
    """One command line. Messages wait until it is answered."""

    command: str = Field(pattern=COMMAND)
    modem: str | None = Field(None, description="null: the first that is ready")
    timeout_s: float = Field(5.0, ge=1, le=60)
    breaks_sending: bool = Field(False, description="Also what takes away what sending stands on; all is set up anew")
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class AtResult(Message):
    """What the modem said."""

    modem: str
    lines: list[str]
    error: str | None = Field(None, description="How it ended, when not with OK")


class BreaksSending(ErrorReply):
    """The command would take away what sending stands on; nothing was done."""

    command: str


class NotForThisPort(ErrorReply):
    """The command waits for a text or leaves the command state; nothing was done."""

    command: str


AT = Method("At", AtParams, AtResult, "One AT command, between two messages. Role: technician.")
# Also NoSuchModem and RoleRequired, which the SIM's methods have too.
AT_ERRORS: tuple[type[ErrorReply], ...] = (BreaksSending, NotForThisPort, NoModemReady)
