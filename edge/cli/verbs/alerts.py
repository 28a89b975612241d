"""repli alerts: contacts, ready scenarios, alerts in progress."""

from __future__ import annotations

import argparse
import codecs
import getpass
import os
import uuid
from pathlib import Path

from edge.cli.main import Subjects
from edge.cli.output import local_time, print_error, print_json, print_table
from edge.cli.words import _
from edge.shared.faults import Fault
from edge.shared.messages.alerts import (
    ALERTS,
    CAMPAIGNS,
    IMPORT,
    LISTS,
    SCENARIOS,
    SEND,
    SHOW,
    Answer,
    Campaign,
    Counts,
    Delivery,
    DeliveryState,
    ImportParams,
    SendParams,
    ShowParams,
)
from edge.shared.messages.common import Actor, Role
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def register(subjects: Subjects) -> None:
    """Add `repli alerts ...`."""
    verbs = subjects.add_parser("alerts", help=_("personnes à prévenir, consignes, alertes")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    bring = verbs.add_parser("import", help=_("lire des personnes à prévenir dans un fichier CSV"))
    bring.add_argument("file", type=Path, metavar=_("FICHIER"))
    bring.set_defaults(verb=import_contacts)
    send = verbs.add_parser("send", help=_("déclencher une consigne"))
    send.add_argument("scenario", metavar=_("CONSIGNE"))
    send.add_argument("--request-id", help=_("le même identifiant deux fois n'envoie qu'une fois"))
    send.add_argument("--exercise", action="store_true", help=_("exercice : le texte commence par EXERCICE"))
    send.set_defaults(verb=send_scenario)
    show = verbs.add_parser("show", help=_("suivre une alerte, personne par personne"))
    show.add_argument("number", type=int, metavar=_("NUMÉRO"))
    show.set_defaults(verb=show_campaign)
    plain = [
        (verbs.add_parser("list", help=_("les alertes, la plus récente d'abord")), list_campaigns),
        (verbs.add_parser("scenarios", help=_("les consignes prêtes")), list_scenarios),
        (verbs.add_parser("lists", help=_("les listes de personnes")), list_lists),
    ]
    for parser, verb in plain:
        parser.set_defaults(verb=verb)
    for parser in (bring, send, show, *(parser for parser, _verb in plain)):
        parser.add_argument("--json", action="store_true", help=_("pour les programmes"))


async def import_contacts(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit 0 when every row was taken, 1 when some are faulty."""
    text, encoding = decode(arguments.file.read_bytes())
    params = ImportParams(csv=text, source=arguments.file.name)
    result = await call_once(ALERTS, paths.socket("alerts"), IMPORT, params, timeout=60)
    if arguments.json:
        print_json({"encoding": encoding, **result.model_dump(mode="json")})
        return 1 if result.faults else 0
    print(_("Encodage du fichier : {encoding}").format(encoding=encoding))
    print(
        _("Personnes ajoutées : {added}, mises à jour : {updated}, inchangées : {unchanged}.").format(
            added=result.added, updated=result.updated, unchanged=result.unchanged
        )
    )
    for fault in result.faults:
        print(row_fault(fault))
    return 1 if result.faults else 0


async def send_scenario(arguments: argparse.Namespace, paths: Paths) -> int:
    """Start a campaign; exit 0 when it is on disk."""
    request_id = arguments.request_id or f"cli-{uuid.uuid4()}"
    if not arguments.request_id:
        print_error(_("Identifiant de demande : {id}").format(id=request_id))
    params = SendParams(scenario=arguments.scenario, request_id=request_id, exercise=arguments.exercise, actor=_actor())
    result = await call_once(ALERTS, paths.socket("alerts"), SEND, params, timeout=30)
    if arguments.json:
        print_json(result)
        return 0
    said = _("Déjà déclenchée : alerte n° {number}.") if result.repeated else _("Alerte n° {number} déclenchée.")
    print(said.format(number=result.campaign.number))
    print(result.campaign.text)
    print(counts_sentence(result.campaign.counts))
    return 0


async def show_campaign(arguments: argparse.Namespace, paths: Paths) -> int:
    """One campaign."""
    result = await call_once(ALERTS, paths.socket("alerts"), SHOW, ShowParams(number=arguments.number), timeout=30)
    if arguments.json:
        print_json(result)
        return 0
    campaign = result.campaign
    print(
        _("Alerte n° {number} : {title}, {at}").format(
            number=campaign.number, title=_title(campaign), at=local_time(campaign.accepted_at)
        )
    )
    print(campaign.text)
    print(counts_sentence(campaign.counts))
    headings = (_("Personne"), _("Numéro"), _("Envoi"), _("Réponse"), _("Texte reçu"), _("Relances"), _("Remarque"))
    print_table(headings, [_delivery_row(delivery) for delivery in result.deliveries])
    return 0


async def list_campaigns(arguments: argparse.Namespace, paths: Paths) -> int:
    """The newest campaigns."""
    result = await call_once(ALERTS, paths.socket("alerts"), CAMPAIGNS, NoParams())
    if arguments.json:
        print_json(result)
        return 0
    if not result.campaigns:
        print(_("Aucune alerte."))
        return 0
    headings = (
        _("N°"),
        _("Consigne"),
        _("Déclenchée"),
        _("Personnes"),
        _("Envoyé"),
        _("A confirmé"),
        _("Sans réponse"),
    )
    print_table(
        headings,
        [
            (
                x.number,
                _title(x),
                local_time(x.accepted_at),
                x.counts.people,
                x.counts.accepted,
                x.counts.acknowledged,
                x.counts.silent,
            )
            for x in result.campaigns
        ],
    )
    return 0


async def list_scenarios(arguments: argparse.Namespace, paths: Paths) -> int:
    """The scenarios of the settings."""
    result = await call_once(ALERTS, paths.socket("alerts"), SCENARIOS, NoParams())
    if arguments.json:
        print_json(result)
        return 0
    everybody = _("tout le monde")
    rows = [(x.id, x.title, ", ".join(x.lists) or everybody, x.text) for x in result.scenarios]
    print_table((_("Consigne"), _("Titre"), _("Listes"), _("Texte")), rows)
    return 0


async def list_lists(arguments: argparse.Namespace, paths: Paths) -> int:
    """The lists of contacts."""
    result = await call_once(ALERTS, paths.socket("alerts"), LISTS, NoParams())
    if arguments.json:
        print_json(result)
        return 0
    print_table((_("Liste"), _("Personnes")), [(x.name, x.contacts) for x in result.lists])
    print(_("Personnes en tout : {total}").format(total=result.total))
    return 0


def decode(content: bytes) -> tuple[str, str]:
    """A file's text, and the encoding it was taken for: what its first bytes say, else UTF-8, else Windows-1252."""
    for mark, name in ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16")):
        if content.startswith(mark):
            return content.decode("utf-8-sig" if name == "UTF-8" else "utf-16", errors="replace"), name
    if content[1:2] == b"\0" or content[:1] == b"\0":  # no text begins so but UTF-16 without its mark
        name = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        return content.decode(name, errors="replace"), "UTF-16"
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "Windows-1252"


def counts_sentence(counts: Counts) -> str:
    """Progress in people, in the words of the page."""
    figures = [
        (_("Personnes"), counts.people),
        (_("Envoyé"), counts.accepted),
        (_("Reçu par le téléphone"), counts.delivered),
        (_("A confirmé"), counts.acknowledged),
        (_("Indisponible"), counts.negative),
        (_("Sans réponse"), counts.silent),
        (_("Relancées"), counts.reminded),
    ]
    if counts.uncertain:
        figures.append((_("Envoi incertain"), counts.uncertain))
    if counts.failed:
        figures.append((_("Échec"), counts.failed))
    return ", ".join(_("{label} : {count}").format(label=label, count=count) for label, count in figures)


def row_fault(fault: Fault) -> str:
    """ligne 7 : le numéro est refusé..."""
    words = _ROW_FAULTS.get(fault.kind)
    data = {**fault.data, "why": _(_NUMBER_REASONS.get(fault.data.get("reason", ""), ""))}
    reason = _(words).format(**data) if words else fault.reason
    return _("ligne {line} : {reason}").format(line=fault.data.get("line", "?"), reason=reason)


def _actor() -> Actor:
    return Actor(user=os.environ.get("SUDO_USER") or getpass.getuser(), role=Role.TECHNICIAN, via="cli")


def _title(campaign: Campaign) -> str:
    return _("EXERCICE {title}").format(title=campaign.title) if campaign.exercise else campaign.title


def _delivery_row(delivery: Delivery) -> tuple[object, ...]:
    remark = _("reçu peut-être deux fois") if delivery.maybe_dup else None
    if delivery.error:
        remark = _(_ERRORS.get(delivery.error, delivery.error))
    return (
        delivery.contact,
        delivery.number,
        _(_STATES[delivery.state]),
        _(_ANSWERS[delivery.answer]),
        delivery.answer_text,
        delivery.reminders or None,
        remark,
    )


_STATES = {
    DeliveryState.QUEUED: "en attente",
    DeliveryState.ACCEPTED: "envoyé",
    DeliveryState.UNCERTAIN: "envoi incertain",
    DeliveryState.DELIVERED: "reçu par le téléphone",
    DeliveryState.FAILED: "échec",
}
_ANSWERS = {
    Answer.NONE: "sans réponse",
    Answer.ACKNOWLEDGED: "a confirmé",
    Answer.NEGATIVE: "indisponible",
}
_ERRORS = {
    "no_number": "aucun numéro qui reçoit les SMS",
    "NumberRefused": "numéro refusé",
    "TextRefused": "texte trop long",
    "CharacterRefused": "caractère impossible dans le texte",
    "expired": "trop tard",
    "withdrawn": "retiré",
}
_ROW_FAULTS = {
    "no_number_column": "pas de colonne de numéros (Téléphone, Portable…) : rien n'a été lu",
    "no_number": "aucun numéro",
    "number_refused": "numéro refusé dans « {column} » : {why}",
    "emergency_number": "numéro d'urgence dans « {column} » : jamais dans une liste",
    "duplicate": "même numéro que la ligne {first_line}",
    "quote": "guillemet ouvert et jamais fermé",
}
_NUMBER_REASONS = {
    "": "",
    "short": "numéro court, ce n'est pas le téléphone d'une personne",
    "letters": "ce n'est pas un numéro de téléphone",
    "spreadsheet": "abîmé par le tableur (6,12E+08), chiffres perdus",
    "length": "trop de chiffres, ou pas assez",
}
