"""The state of the box in one SMS of 160 characters of the GSM alphabet. Pure. In French, as every SMS of the box.

Its letters must have a septet: no â, ê, î, ô or typographic signs (3GPP TS 23.038, 6.2.1).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.modem.bulletins.level_watch import Change
from edge.shared import gsm7
from edge.shared.clock import WRITTEN
from edge.shared.level import Level, carrying_link, usable_modem
from edge.shared.messages.modem import ModemsResult, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.shared.messages.voice import ModeResult, VoiceMode
from edge.shared.sms_length import ALONE, Encoding

NAME_SHOWN = 30
OPERATOR_SHOWN = 12
WEAK_DBM, GOOD_DBM = -103, -89  # 3GPP TS 27.007, 8.5: one bar or none below the first

LEVELS = {
    Level.NORMAL: "normal",
    Level.LINK_SWITCH: "secours en service",
    Level.CLOUD_LOST: "mode autonome",
    Level.LINKS_LOST: "Internet coupé",
    Level.ISOLATED: "site isolé",
}
KINDS = {"fibre": "fibre", "dsl": "ADSL", "lte": "4G"}
# Nothing is said of a link that is well.
LINK_STATES = {
    UplinkState.UP: "",
    UplinkState.POOR: " mauvais",
    UplinkState.SUSPECT: " en doute",
    UplinkState.UNPROVED: " en doute",
}
OUT = " HS"
PLAIN = {
    "’": "'",
    "‘": "'",
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "…": "...",
    "œ": "oe",
    "Œ": "OE",
}


@dataclass(frozen=True)
class Condition:
    """What the daemons say; None: no answer. phones: registered, and in the settings."""

    links: UplinksState | None
    mode: ModeResult | None
    phones: tuple[str, str] | None
    modems: ModemsResult
    level: Level | None
    waiting: int = 0  # parts in the outbox


def answer_text(site: str, condition: Condition, local: datetime) -> str:
    """The answer to ETAT. local is the site's own time."""
    level = "inconnu" if condition.level is None else f"{condition.level.value} ({LEVELS[condition.level]})"
    return _fitted(f"{_name(site)}: niveau {level}", [*_facts(condition), _hour(local)])


def change_text(site: str, change: Change, condition: Condition) -> str:
    """What technicians are told of a change of level. Its times are the site's own."""
    head = f"{_name(site)}: niveau {change.was.value} -> {change.level.value} ({LEVELS[change.level]})"
    if change.was is change.level:
        head = f"{_name(site)}: niveau {change.level.value} ({LEVELS[change.level]})"
    since = _hour(change.since)
    head += f" à {since}" if since else ""
    cut_off = _hour(change.isolated_since) if change.isolated_since else ""
    return _fitted(head, [f"Isolé de {cut_off}" if cut_off else "", *_facts(condition)])


def gsm(text: str) -> str:
    """The text in letters of the GSM alphabet: without accents it lacks, ? for what has no like."""
    return "".join(_gsm_letter(letter) for letter in text)


def _gsm_letter(letter: str) -> str:
    if letter in gsm7.SEPTETS and letter not in "\r\n":
        return letter
    plain = PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)
    return "".join(part for part in plain if part in gsm7.SEPTETS and part not in "\r\n") or (
        " " if letter.isspace() else "?"
    )


def _fitted(head: str, sentences: Sequence[str]) -> str:
    """As many sentences, in order of what matters, as one SMS takes."""
    text = gsm(head)
    for sentence in sentences:
        longer = f"{text}. {gsm(sentence)}"
        if sentence and _septets(longer) <= ALONE[Encoding.GSM7]:
            text = longer
    return text


def _septets(text: str) -> int:
    return sum(gsm7.width(letter) for letter in text)


def _facts(condition: Condition) -> list[str]:
    return [
        _internet(condition.links),
        _telephones(condition.mode, condition.phones),
        _reception(condition.modems),
        f"{condition.waiting} SMS en attente" if condition.waiting else "",
    ]


def _internet(links: UplinksState | None) -> str:
    if links is None:
        return "Internet: inconnu"
    if not links.uplinks:
        return "Internet non réglé"
    carrying = carrying_link(links)
    kinds = Counter(link.kind for link in links.uplinks)
    others = [_link(link, kinds) for link in links.uplinks if link is not carrying]
    head = "Internet coupé" if carrying is None else f"Internet par {_link(carrying, kinds)}"
    return ", ".join([head, *others])


def _link(link: Uplink, kinds: Counter[str]) -> str:
    label = KINDS[link.kind] if link.kind in KINDS and kinds[link.kind] == 1 else link.name
    return label + LINK_STATES.get(link.state, OUT)


def _telephones(mode: ModeResult | None, phones: tuple[str, str] | None) -> str:
    if mode is None:
        return "Téléphones: inconnu"
    if mode.mode is VoiceMode.OFF:
        return "Pas de téléphones"
    if mode.mode is VoiceMode.STARTING or not mode.kamailio:
        return "Téléphones HS"
    served_by = "opérateur" if mode.mode is VoiceMode.CLOUD else "autonomes" if mode.cloud_lost else "locaux"
    return f"Téléphones {served_by}" + ("" if phones is None else f" {phones[0]}/{phones[1]}")


def _reception(modems: ModemsResult) -> str:
    usable = usable_modem(modems)
    if usable is None:
        ready = any(modem.state is ModemState.READY for modem in modems.modems)
        return "Pas de réseau mobile" if ready else "Modem HS" if modems.modems else "Pas de modem"
    operator = f", {usable.operator[:OPERATOR_SHOWN]}" if usable.operator else ""
    if usable.signal_dbm is None:
        return f"Signal inconnu{operator}"
    word = "faible" if usable.signal_dbm < WEAK_DBM else "bon" if usable.signal_dbm >= GOOD_DBM else "moyen"
    return f"Signal {word} {usable.signal_dbm} dBm{operator}"


def _name(site: str) -> str:
    return site[:NAME_SHOWN].strip()


def _hour(local: datetime) -> str:
    """Nothing while the clock is certainly wrong."""
    return f"{local:%Hh%M}" if local >= WRITTEN else ""
