"""fr.repli.voice, the addresses it keeps out or slows down."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import Actor, Role
from edge.shared.varlink_idl import ErrorReply, Message, Method, NoParams, Params

ADDRESS = r"^[0-9a-fA-F.:]{1,64}$"


class BanKind(StrEnum):
    """What is done to an address."""

    BLOCKED = "blocked"  # outside the building: it hears nothing at all
    LIMITED = "limited"  # in the building: what is too much is not served; emergency numbers always are


class Ban(Message):
    """An address that is blocked or limited."""

    address: str
    kind: BanKind
    reason: str = Field(description="Stable id: flood, guessing (wrong passwords), scan")
    until: str = Field(description="When it is served again at the latest, RFC 3339, UTC")
    extension: str = Field("", description="Whose password was tried last, where one was")


class BansResult(Message):
    """Every address that is blocked or limited."""

    bans: list[Ban]


class UnbanParams(Params):
    """Whom to let in again. Twice is once."""

    address: str = Field(pattern=ADDRESS)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class UnbanResult(Message):
    """Whether it was kept out, and who still is."""

    removed: bool
    bans: list[Ban]


class SignallingSilent(ErrorReply):
    """Kamailio does not answer."""


BANS = Method("Bans", NoParams, BansResult, "Every address that is blocked or limited.")
UNBAN = Method("Unban", UnbanParams, UnbanResult, "Let an address in again. Role: technician.")
