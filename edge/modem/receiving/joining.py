"""Which long message a part belongs to, when references repeat, parts come twice, and some never come. Pure.

A reference alone does not tell: it has 8 bits on most phones, and a phone that restarts may begin with the same one.
The time at which the sender's centre took a part (TP-SCTS) tells: a phone sends the parts of one message in a row, and
however late they come that time stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.modem.pdu.body import Body, text_of

MISSING_PART = "[…]"
# Parts of one message are taken this close to each other, for each number that they are apart: slow networks take 10 s
# for one, and a phone may lose its network for a moment in between.
PAUSE, EACH = timedelta(minutes=2), timedelta(seconds=10)
SENT_AGAIN_WITHIN = timedelta(minutes=10)  # a phone that was not told that a part was taken


@dataclass(frozen=True)
class Part:
    """One part as it came. cut: it ended too early."""

    body: Body
    sent_at: datetime
    cut: bool = False


@dataclass(frozen=True)
class LongMessage:
    """The parts, by number, that came of one message."""

    id: int
    total: int
    parts: Mapping[int, Part]

    @property
    def complete(self) -> bool:
        """Whether every part came."""
        return len(self.parts) == self.total

    @property
    def intact(self) -> bool:
        """Whether every part came whole."""
        return self.complete and not any(part.cut for part in self.parts.values())

    @property
    def text(self) -> str:
        """All that came, with a mark where something is missing."""
        return "".join(text_of(run) if run else MISSING_PART for run in self._runs())

    def _runs(self) -> Iterable[list[Body]]:
        """Parts without a gap between them are read as one; an empty run is a gap."""
        run: list[Body] = []
        for number in range(1, self.total + 1):
            part = self.parts.get(number)
            if part is not None:
                run.append(part.body)
            if run and (part is None or part.cut):
                yield run
                run = []
            if part is None or part.cut:
                yield []
        if run:
            yield run


@dataclass(frozen=True)
class Known:
    """The part is there already: the network delivered it, or the phone sent it, a second time."""


@dataclass(frozen=True)
class Joins:
    """The part belongs to this message; None: to one that nothing is known of."""

    message: int | None


def place(number: int, part: Part, messages: Sequence[LongMessage]) -> Known | Joins:
    """Where a part belongs, among the messages with its sender, reference and total."""
    if any(_came(message, number, part) for message in messages):
        return Known()
    near = [(_apart(message, number, part), message) for message in messages]
    near = [(apart, message) for apart, message in near if apart is not None]
    lacking = [(apart, -message.id) for apart, message in near if number not in message.parts]
    if lacking:
        return Joins(-min(lacking)[1])
    if any(not message.complete and message.parts[number].body == part.body for _, message in near):
        return Known()
    return Joins(None)


def is_echo(message: LongMessage, others: Iterable[LongMessage]) -> bool:
    """Whether an unfinished message says nothing new: its phone sent parts of a whole one again, soon after."""
    return any(
        other.complete
        and other.id != message.id
        and all(_is_again(other.parts[number], part) for number, part in message.parts.items())
        for other in others
    )


def _came(message: LongMessage, number: int, part: Part) -> bool:
    there = message.parts.get(number)
    return there is not None and (there.body, there.sent_at) == (part.body, part.sent_at)


def _is_again(before: Part, part: Part) -> bool:
    return before.body == part.body and abs(part.sent_at - before.sent_at) <= SENT_AGAIN_WITHIN


def _apart(message: LongMessage, number: int, part: Part) -> timedelta | None:
    """How far in time the part is from its nearest neighbour in the message; None when that is too far."""
    neighbour = min(message.parts, key=lambda other: abs(other - number))
    apart = abs(message.parts[neighbour].sent_at - part.sent_at)
    return apart if apart <= PAUSE + EACH * abs(neighbour - number) else None
