"""Simulated handsets: who answers what, and when. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """Handsets whose number matches answer messages whose text matches. Each answers a distinct text at most once."""

    number: str  # regular expression on the whole number
    reply: str
    after_s: float = 1.0
    text: str = ""  # regular expression searched in the text
    skip: int = 0  # messages a handset lets pass before it answers one: 1 is answered at the first reminder only

    def as_json(self) -> dict[str, Any]:
        """As the control socket and the command line take it."""
        return asdict(self)


@dataclass(frozen=True)
class Reply:
    """What a handset will send."""

    number: str
    text: str
    after_s: float


@dataclass
class Handset:
    """One phone: what it has put together, and what it answered."""

    parts: dict[tuple[int, int], dict[int, str]] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)


class Handsets:
    """All phones of the network, made as messages reach them."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = list(rules)
        self._handsets: dict[str, Handset] = {}

    def receive(self, number: str, text: str, reference: int | None, part: int, total: int) -> list[Reply]:
        """A part reaches a phone; a message that is whole may be answered."""
        handset = self._handsets.setdefault(number, Handset())
        if reference is not None and total > 1:
            pieces = handset.parts.setdefault((reference, total), {})
            pieces[part] = text
            if len(pieces) < total:
                return []
            del handset.parts[reference, total]
            text = "".join(pieces[place] for place in range(1, total + 1))
        handset.received.append(text)
        return self._replies(number, handset, text)

    def _replies(self, number: str, handset: Handset, text: str) -> list[Reply]:
        if text in handset.answered:
            return []
        for rule in self.rules:
            if not re.fullmatch(rule.number, number) or not re.search(rule.text, text):
                continue
            matching = sum(1 for earlier in handset.received if re.search(rule.text, earlier))
            if matching <= rule.skip:
                return []
            handset.answered.add(text)
            return [Reply(number, rule.reply, rule.after_s)]
        return []


def population(
    numbers: Sequence[str], confirm: int, *, reply: str = "OUI", after_s: float = 1.0, reminded: str | None = "OUI"
) -> list[Rule]:
    """Rules for a crowd: the first `confirm` phones answer at once, the others only when reminded (or never: None)."""
    prompt, silent = numbers[:confirm], numbers[confirm:]
    rules = [Rule(number="|".join(map(re.escape, prompt)), reply=reply, after_s=after_s)] if prompt else []
    if silent and reminded is not None:
        rules.append(Rule(number="|".join(map(re.escape, silent)), reply=reminded, after_s=after_s, skip=1))
    return rules
