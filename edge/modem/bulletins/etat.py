"""ETAT: who may ask the box by SMS how it is, and how often it answers. Pure.

A loop of automata is made of answers to answers. The box answers nothing but the one word, which no text of its own is, and
gives each number a small allowance, so that whatever echoes it comes to an end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edge.shared.messages.modem import InboundSms
from edge.shared.model.modem import COUNTRY_CODE
from edge.shared.phone_numbers import Number, NumberRefused, normalise
from edge.shared.spoken import spoken_words

WORD = "etat"
ALLOWANCES = ((timedelta(hours=1), 12), (timedelta(days=1), 40))  # answers to one number
ECHO_AFTER = timedelta(minutes=10)  # our own ETAT to a number comes back from it


class Silence(StrEnum):
    """Why a message gets no answer."""

    NO_REQUEST = "no_request"
    STRANGER = "stranger"
    ECHO = "echo"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Past:
    """What there was with one number."""

    answered: Sequence[datetime] = ()
    asked_by_us: Sequence[datetime] = ()  # when the box sent the word there itself


def e164(written: str) -> str | None:
    """A number in any usual form, French ones without their country code too; None for names and short numbers."""
    number: Number | NumberRefused = normalise(written, COUNTRY_CODE)
    return number.e164 if isinstance(number, Number) else None


def asks_for_state(text: str) -> bool:
    """The one word in any case, with or without its accent, a question mark, spaces; nothing else."""
    return "".join(spoken_words(text)) == WORD


def silence(sms: InboundSms, technicians: Collection[str], past: Past, now: datetime) -> Silence | None:
    """Why a message is not answered; None when it is. technicians are in E.164 form.

    Times after now are from before the clock was set back: they count, or a wrong clock would lift the limits.
    """
    if not sms.complete or not asks_for_state(sms.text):
        return Silence.NO_REQUEST
    if e164(sms.number) not in technicians:
        return Silence.STRANGER
    if any(now - sent < ECHO_AFTER for sent in past.asked_by_us):
        return Silence.ECHO
    if any(sum(now - at < span for at in past.answered) >= most for span, most in ALLOWANCES):
        return Silence.TOO_MANY
    return None
