"""A campaign's progress in people, and its list person by person. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.shared.messages.alerts import Answer, Counts, Delivery, DeliveryState
from webui.level import Tone
from webui.words import Words, mark

ROWS_MAX = 100  # on the live list; more of one kind are a click away


class Group(StrEnum):
    """Which people the list shows: the value is in the page's address."""

    SILENT = "sans-reponse"
    FAILED = "echecs"
    ACKNOWLEDGED = "confirmes"
    ALL = "tous"


STATES = {
    DeliveryState.QUEUED: mark("En attente d'envoi"),
    DeliveryState.ACCEPTED: mark("Envoyé"),
    DeliveryState.UNCERTAIN: mark("Envoi incertain"),
    DeliveryState.DELIVERED: mark("Reçu par le téléphone"),
    DeliveryState.FAILED: mark("Non envoyé"),
}


@dataclass(frozen=True)
class Row:
    """One person, as the list shows them."""

    key: str
    name: str
    number: str
    tone: Tone
    state: str
    detail: str


def group_of(delivery: Delivery) -> Group:
    """The one group a person is in, besides everybody."""
    if delivery.answer is not Answer.NONE:
        return Group.ACKNOWLEDGED
    if delivery.state is DeliveryState.FAILED or delivery.number is None:
        return Group.FAILED
    return Group.SILENT


def rows_of(deliveries: Sequence[Delivery], group: Group, words: Words) -> list[Row]:
    """The people of a group; among everybody, those to call come first."""
    order = [Group.FAILED, Group.SILENT, Group.ACKNOWLEDGED]
    chosen = [
        (order.index(group_of(delivery)), position, delivery)
        for position, delivery in enumerate(deliveries)
        if group in (Group.ALL, group_of(delivery))
    ]
    chosen.sort(key=lambda entry: entry[:2])
    return [_row(position, delivery, words) for _, position, delivery in chosen]


def unanswered(counts: Counts) -> int:
    """People whose message has left and who have not answered; alerts counts those still waiting as silent too."""
    return max(0, counts.silent - counts.queued)


def sentence(counts: Counts, words: Words) -> str:
    """412 à prévenir : 212 prévenus, 180 ont confirmé, ... Parts that are nobody are left out, but for the first two."""
    parts = [
        words.plural("%(num)s prévenu", "%(num)s prévenus", counts.accepted),
        words.plural("%(num)s a confirmé", "%(num)s ont confirmé", counts.acknowledged),
    ]
    if counts.negative:
        parts.append(words.plural("%(num)s indisponible", "%(num)s indisponibles", counts.negative))
    if counts.queued:
        parts.append(words("%(num)s en attente d'envoi", num=words.number(counts.queued)))
    if unanswered(counts):
        parts.append(words("%(num)s sans réponse", num=words.number(unanswered(counts))))
    if counts.uncertain:
        parts.append(words.plural("%(num)s envoi incertain", "%(num)s envois incertains", counts.uncertain))
    if counts.failed:
        parts.append(words.plural("%(num)s injoignable", "%(num)s injoignables", counts.failed))
    whole = words.plural("%(num)s personne à prévenir", "%(num)s personnes à prévenir", counts.people)
    return words("%(whole)s : %(parts)s.", whole=whole, parts=", ".join(parts))


def _row(position: int, delivery: Delivery, words: Words) -> Row:
    return Row(
        key=f"p{position}",
        name=delivery.contact,
        number=delivery.number or "",
        tone=_tone(delivery),
        state=_state(delivery, words),
        detail=_detail(delivery, words),
    )


def _tone(delivery: Delivery) -> Tone:
    if delivery.answer is Answer.ACKNOWLEDGED:
        return Tone.GOOD
    if delivery.answer is Answer.NEGATIVE:
        return Tone.REDUCED
    return Tone.BAD if group_of(delivery) is Group.FAILED else Tone.UNKNOWN


def _state(delivery: Delivery, words: Words) -> str:
    if delivery.answer is Answer.ACKNOWLEDGED:
        return words("A confirmé")
    if delivery.answer is Answer.NEGATIVE:
        return words("Indisponible")
    if delivery.number is None:
        return words("Aucun numéro")
    return words(STATES[delivery.state])


def _detail(delivery: Delivery, words: Words) -> str:
    parts = []
    if delivery.answered_at:
        parts.append(words("à %(time)s", time=words.clock(delivery.answered_at)))
    if delivery.answer_text:
        parts.append(words("« %(text)s »", text=delivery.answer_text))
    if delivery.reminders:
        parts.append(words.plural("%(num)s relance", "%(num)s relances", delivery.reminders))
    if delivery.maybe_dup:
        parts.append(words("reçu peut-être deux fois"))
    return " · ".join(parts)
