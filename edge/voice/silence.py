"""Which phones fell silent, from what they answer and when they register. Pure.

Only who has answered can fall silent: many a phone never answers OPTIONS, or not from everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge.voice.inventory import Held
from edge.voice.vanishing import Seen, Span

Registrations = frozenset[tuple[str, int]]  # contact, unix time


@dataclass(frozen=True)
class Ear:
    """What is known of one device that is asked. Times in seconds, monotonic."""

    registered: Registrations = frozenset()
    answered: float | None = None  # last; None: it never has
    silent: float | None = None  # since when it is known to be silent

    @property
    def in_doubt(self) -> bool:
        """Whether one more question that it does not answer would say anything new."""
        return self.answered is not None and self.silent is None


def answered(ear: Ear, now: float) -> Ear:
    """One of its contacts answered."""
    return replace(ear, answered=now, silent=None)


def unanswered(ear: Ear, now: float) -> Ear:
    """None of its contacts answered, asked again and again."""
    return replace(ear, silent=now) if ear.in_doubt else ear


def registered(ear: Ear, registrations: Registrations) -> Ear:
    """What is registered now. Who registers while silent lives, and has ceased to answer: it is not heard by that."""
    if registrations <= ear.registered:
        return ear  # after a restart of Kamailio some are unknown until they register again
    return Ear(registrations) if ear.silent is not None else replace(ear, registered=registrations)


def devices(held: Iterable[Held]) -> dict[str, list[Held]]:
    """The contacts of each device, the newest first."""
    found: dict[str, list[Held]] = {}
    for one in sorted(held, key=lambda one: (-one.since, one.phone.extension, one.phone.contact)):
        found.setdefault(one.device, []).append(one)
    return found


def registrations(contacts: Iterable[Held]) -> Registrations:
    """Those whose time is known."""
    return frozenset((one.phone.contact, one.since) for one in contacts if one.since)


def seen(held: Iterable[Held], ears: Mapping[str, Ear]) -> dict[str, Seen]:
    """Each extension: silent when every device of it is, since the last of them."""
    of: dict[str, set[str]] = {}
    for one in held:
        of.setdefault(one.phone.extension, set()).add(one.device)
    return {
        who: Seen(frozenset(names), _silence([ears.get(name, Ear()) for name in names])) for who, names in of.items()
    }


def _silence(ears: Iterable[Ear]) -> Span | None:
    spans: list[Span] = []
    for ear in ears:
        if ear.answered is None or ear.silent is None:
            return None
        spans.append(Span(ear.answered, ear.silent))
    return Span(max(span.after for span in spans), max(span.before for span in spans))
