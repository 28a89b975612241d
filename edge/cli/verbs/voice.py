"""repli voice: who serves the telephones, which are registered, and the ways out."""

from __future__ import annotations

import argparse

from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.voice_bans import add_bans
from edge.cli.voice_calls import add_calls
from edge.cli.voice_explain import add_explain
from edge.cli.voice_redirect import add_redirect
from edge.cli.voice_stats import add_stats
from edge.cli.voice_trunks import add_trunks
from edge.cli.words import _
from edge.shared.messages.voice import MODE, PHONES, VOICE, ModeResult, Phone, VoiceMode
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def register(subjects: Subjects) -> None:
    """Add `repli voice` and its verbs."""
    verbs = subjects.add_parser("voice", help=_("les téléphones")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    mode = verbs.add_parser("mode", help=_("qui sert les téléphones : l'opérateur ou le boîtier"))
    mode.add_argument("--json", action="store_true")
    mode.set_defaults(verb=show_mode)
    phones = verbs.add_parser("phones", help=_("les téléphones enregistrés"))
    phones.add_argument("--json", action="store_true")
    phones.set_defaults(verb=list_phones)
    add_calls(verbs)
    add_stats(verbs)
    add_trunks(verbs)
    add_explain(verbs)
    add_redirect(verbs)
    add_bans(verbs)


async def show_mode(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 the phones are served (or there are none), 1 the signalling does not answer."""
    mode = await call_once(VOICE, paths.socket("voice"), MODE, NoParams())
    code = 0 if mode.kamailio or mode.mode == VoiceMode.OFF else 1
    if arguments.json:
        print_json(mode)
        return code
    headings = (_("MODE"), _("CAUSE"), _("DEPUIS (UTC)"), _("SIGNALISATION"), _("TABLES"), _("SANS MOT DE PASSE"))
    print_table(headings, [_mode_row(mode)])
    return code


async def list_phones(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every registered contact."""
    result = await call_once(VOICE, paths.socket("voice"), PHONES, NoParams())
    if arguments.json:
        print_json(result)
        return 0
    if result.phones:
        headings = (_("POSTE"), _("MARQUE"), _("ADRESSE"), _("PAR"), _("APPAREIL"), _("DEPUIS"), _("ENCORE"))
        print_table(headings, [_phone_row(phone) for phone in result.phones])
    else:
        print(_("Aucun téléphone enregistré."))
    if result.unprotected:
        alone = ", ".join(result.unprotected)
        print(_("Non protégés ({count}) : {extensions}.").format(count=len(result.unprotected), extensions=alone))
    return 0


def _mode_row(mode: ModeResult) -> tuple[object, ...]:
    return (
        _(_MODES[mode.mode]),
        _(_REASONS.get(mode.reason, mode.reason)),
        moment(mode.since),
        _("répond") if mode.kamailio else _("muette"),
        _tables(mode),
        ", ".join(mode.unprotected) or None,
    )


def _tables(mode: ModeResult) -> str | None:
    """The version in force, and whether the settings in force are in it."""
    if mode.version is None or mode.told:
        return mode.version
    return _("{version}, pas encore à jour").format(version=mode.version)


def _phone_row(phone: Phone) -> tuple[object, ...]:
    return (
        phone.extension,
        phone.brand,
        phone.address,
        _path(phone),
        phone.user_agent,
        None if phone.age_s is None else f"{phone.age_s} s",
        f"{phone.expires_s} s",
    )


def _path(phone: Phone) -> str:
    """Who granted it, and what is in between."""
    parts = [_("standard de l'opérateur") if phone.cloud else _("boîtier")]
    if phone.transport == "tcp":
        parts.append("TCP")
    if phone.nat:
        parts.append(_("derrière un NAT"))
    if phone.silent:
        parts.append(_("ne répond plus"))
    return ", ".join(parts)


_MODES: dict[VoiceMode, str] = {
    VoiceMode.OFF: "pas de téléphonie",
    VoiceMode.STARTING: "démarrage",
    VoiceMode.CLOUD: "standard de l'opérateur",
    VoiceMode.LOCAL: "mode autonome",
}
_REASONS: dict[str, str] = {
    "start": "démarrage",
    "no_cloud": "aucun standard de l'opérateur",
    "cloud_unknown": "adresse du standard de l'opérateur inconnue",
    "cloud_silent": "standard de l'opérateur muet",
    "cloud_answers": "le standard de l'opérateur répond",
}
