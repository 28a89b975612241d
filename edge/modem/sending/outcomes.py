"""What comes back from a gateway for a part it was given: answers at once, receipts later. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from edge.modem.sending.dispatch import Claim
from edge.shared.messages.modem import SmsSeverity

# As a TP-ST (3GPP TS 23.040, 9.2.3.15), which the ledger keeps of any way: delivered, still tried, failed for good.
DELIVERED, TRYING, FAILED, EXPIRED = 0x00, 0x30, 0x40, 0x46


class Refusal(StrEnum):
    """Why a gateway did not take a part."""

    SLOWER = "slower"  # too fast for it: the part goes again
    PASSING = "passing"  # a trouble of its own
    LASTING = "lasting"  # the number, the text or the account: it will say so again


@dataclass(frozen=True)
class Taken:
    """The gateway has the part, under this id."""

    claim: Claim
    id: str | None


@dataclass(frozen=True)
class NotTaken:
    """The gateway said no: not sent, in_doubt apart."""

    claim: Claim
    refusal: Refusal
    error: str
    in_doubt: bool = False  # it said yes in a way that no gateway does: it may have the part all the same


@dataclass(frozen=True)
class Unanswered:
    """Nobody knows."""

    claim: Claim
    error: str


Answer = Taken | NotTaken | Unanswered


@dataclass(frozen=True)
class Receipt:
    """What became of a part that a gateway took. status is a TP-ST."""

    id: str | None
    phones: tuple[str, ...]  # the recipient is one of them: some makers swap the two addresses
    status: int
    error: str | None = None
    attempt: int | None = None  # the last 16 bits of our own number of the attempt, where they come back
    rejected: bool = False  # the gateway itself would not have it, after all


@dataclass(frozen=True)
class Policy:
    """What the routes of the settings say just now."""

    take: Collection[SmsSeverity]  # a gateway may take these
    leave: Collection[SmsSeverity]  # of these a modem takes what a gateway refused
    modem_ready: bool = False  # now


def forms(given: str) -> tuple[str, ...]:
    """An id as given, then as the answer may have written it: in hexadecimal, in decimal."""
    found = [given]
    if re.fullmatch(r"[0-9]{1,20}", given):
        found.append(f"{int(given):x}")
    if re.fullmatch(r"[0-9a-f]{1,16}", given):
        found.append(str(int(given, 16)))
    return tuple(dict.fromkeys(found))
