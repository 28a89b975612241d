"""What the box can still do, in words: the state sentence and one line per service. Pure.

Each line carries a word, a shape and a colour (its tone), what does not work, and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from edge.shared import level as levels
from edge.shared.level import carrying_link
from edge.shared.messages.modem import Modem, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState
from edge.shared.messages.voice import VoiceMode
from edge.shared.varlink_idl import Message
from webui.box import Heard, Snapshot
from webui.words import Words, mark

R = TypeVar("R", bound=Message)


class Tone(StrEnum):
    """How good it is; each has its own shape and colour on the pages."""

    GOOD = "good"
    REDUCED = "reduced"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """One service: its name, how it is, since when, and what to do when something does not work."""

    id: str
    name: str
    tone: Tone
    state: str
    since: datetime | str | None = None
    advice: str = ""


@dataclass(frozen=True)
class Level:
    """The state of the whole box in one sentence."""

    number: int | None
    tone: Tone
    name: str
    sentence: str
    since: datetime | str | None


KINDS = {"fibre": mark("Fibre"), "dsl": mark("ADSL"), "lte": mark("Secours 4G")}


def level_of(box: Snapshot, words: Words) -> Level:
    """Levels 0 to 4 of the design in words; none when it cannot be told."""
    links, mode = _said(box.uplinks), _said(box.voice)
    number = levels.level_of(links, mode, _said(box.modem))
    if links is None or number is None:
        return _unknown(box, links, words)
    carrying = carrying_link(links)
    if carrying is None:
        return _all_links_lost(number, links, words)
    if number is levels.Level.CLOUD_LOST:
        return Level(
            number,
            Tone.REDUCED,
            words("Mode autonome"),
            words("Le standard de l'opérateur ne répond plus. Le boîtier relie les postes lui-même."),
            mode.since if mode else None,
        )
    if number is levels.Level.LINK_SWITCH:
        return Level(
            number,
            Tone.REDUCED,
            words("Secours en service"),
            words(
                "L'accès principal est coupé. Internet et les postes passent par : %(link)s.",
                link=_link_name(carrying, words),
            ),
            links.last_switch.switched_at if links.last_switch else carrying.since,
        )
    return Level(
        number, Tone.GOOD, words("Situation normale"), words("Les accès et les services répondent."), carrying.since
    )


def lines_of(box: Snapshot, words: Words) -> list[Line]:
    """Internet, telephones, SMS, alerts."""
    return [_internet(box, words), _telephones(box, words), _sms(box, words), _alerts(box, words)]


def obstacles_to_sms(box: Snapshot, words: Words) -> list[Line]:
    """What would keep an alert from leaving now; empty when nothing is known to."""
    return [line for line in (_sms(box, words), _alerts(box, words)) if line.tone in (Tone.BAD, Tone.UNKNOWN)]


def _unknown(box: Snapshot, links: UplinksState | None, words: Words) -> Level:
    if links is None:
        sentence, since = words("La surveillance des accès Internet ne répond pas."), box.uplinks.since
    else:
        sentence, since = words("Aucun accès Internet n'est réglé sur ce boîtier."), box.uplinks.since
    return Level(None, Tone.UNKNOWN, words("Niveau inconnu"), sentence, since)


def _all_links_lost(number: levels.Level, links: UplinksState, words: Words) -> Level:
    since = links.last_switch.switched_at if links.last_switch else None
    if number is levels.Level.ISOLATED:
        sentence = words("Plus d'Internet ni de réseau mobile. Restent les appels internes et la sirène.")
        return Level(number, Tone.BAD, words("Site isolé"), sentence, since)
    sentence = words("Plus aucun accès Internet. Les SMS partent par le réseau mobile.")
    return Level(number, Tone.BAD, words("Internet coupé"), sentence, since)


def _internet(box: Snapshot, words: Words) -> Line:
    name = words("Accès Internet")
    links = box.uplinks.said
    if not box.uplinks.answers or links is None:
        return _silent("internet", name, box.uplinks.since, words("Les accès eux-mêmes continuent sans elle."), words)
    if not links.uplinks:
        return Line("internet", name, Tone.UNKNOWN, words("Non réglé"), None, words("À régler par le technicien."))
    active = carrying_link(links)
    if active is None:
        advice = words("Vérifiez que les boîtiers de l'opérateur sont allumés.")
        since = links.last_switch.switched_at if links.last_switch else None
        return Line("internet", name, Tone.BAD, words("Coupé"), since, advice)
    tone = Tone.GOOD if active is links.uplinks[0] else Tone.REDUCED
    advice = "" if tone is Tone.GOOD else words("Rien à faire : le retour se fera tout seul.")
    return Line("internet", name, tone, _link_name(active, words), active.since, advice)


def _telephones(box: Snapshot, words: Words) -> Line:
    name = words("Téléphones")
    mode = box.voice.said
    if not box.voice.answers or mode is None:
        advice = words("Les postes gardent leur dernier réglage ; sinon, prenez un mobile.")
        return _silent("telephones", name, box.voice.since, advice, words)
    if mode.mode is VoiceMode.OFF:
        return Line("telephones", name, Tone.UNKNOWN, words("Non réglés"), None, words("À régler par le technicien."))
    if mode.mode is VoiceMode.STARTING or not mode.kamailio:
        advice = words("Prenez un mobile ; si cela dure une minute, appelez l'aide.")
        return Line("telephones", name, Tone.BAD, words("En démarrage"), mode.since, advice)
    if mode.cloud_lost:
        advice = words("Les appels entre postes et les urgences fonctionnent.")
        return Line("telephones", name, Tone.REDUCED, words("Mode autonome"), mode.since, advice)
    served_by = words("Standard de l'opérateur") if mode.mode is VoiceMode.CLOUD else words("Servis par le boîtier")
    return Line("telephones", name, Tone.GOOD, served_by, mode.since)


def _sms(box: Snapshot, words: Words) -> Line:
    name = words("Envoi des SMS")
    modems = box.modem.said
    if not box.modem.answers or modems is None:
        advice = words("Une alerte déclenchée attendra et partira dès son retour.")
        return _silent("sms", name, box.modem.since, advice, words)
    if not modems.modems:
        return Line("sms", name, Tone.BAD, words("Aucun modem réglé"), None, words("À régler par le technicien."))
    usable = levels.usable_modem(_said(box.modem))
    if usable is not None:
        return Line("sms", name, Tone.GOOD, _reception(usable, words))
    if any(modem.state is ModemState.READY for modem in modems.modems):
        advice = words("Vérifiez l'antenne ; une alerte déclenchée attendra le réseau.")
        return Line("sms", name, Tone.BAD, words("Pas de réseau mobile"), None, advice)
    advice = words("Vérifiez que le modem est branché ; une alerte déclenchée attendra.")
    return Line("sms", name, Tone.BAD, words("Modem absent"), None, advice)


def _alerts(box: Snapshot, words: Words) -> Line:
    name = words("Alertes")
    if not box.alerts.answers:
        advice = words("Rien ne peut être déclenché ici : téléphonez avec la liste papier du PCS.")
        return _silent("alerts", name, box.alerts.since, advice, words)
    return Line("alerts", name, Tone.GOOD, words("Prêtes"), box.alerts.since)


def _silent(id_: str, name: str, since: datetime, advice: str, words: Words) -> Line:
    return Line(id_, name, Tone.BAD, words("Ne répond pas"), since, advice)


def _said(heard: Heard[R]) -> R | None:
    """What a daemon says now; what it said before it fell silent is not what is so."""
    return heard.said if heard.answers else None


def _link_name(link: Uplink, words: Words) -> str:
    kind = KINDS.get(link.kind)
    return words(kind) if kind else link.name


def _reception(modem: Modem, words: Words) -> str:
    # 3GPP TS 27.007, 8.5: below -103 dBm a phone shows one bar or none.
    if modem.signal_dbm is not None and modem.signal_dbm < -103:
        return words("Réception mobile faible")
    return words("Réception mobile bonne")
