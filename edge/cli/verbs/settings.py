"""repli settings: check, apply, confirm and show the settings document."""

from __future__ import annotations

import argparse
import sys
import uuid
from pathlib import Path

from edge.cli.fault_words import fault_sentence
from edge.cli.main import Subjects
from edge.cli.output import print_error, print_json
from edge.cli.words import _
from edge.shared.faults import Fault
from edge.shared.messages.settings import APPLY, CONFIRM, GET, SETTINGS, ApplyParams, Revision
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsRefused, parse_site, read_text
from edge.shared.varlink import CallFailed, call_once
from edge.shared.varlink_idl import NoParams

CONFIRM_MIN, CONFIRM_MAX = 10, 86_400  # seconds, as the settings daemon takes them
APPLY_TIMEOUT = 30.0  # seconds; an SD card may take its time to sync


def register(subjects: Subjects) -> None:
    """Add `repli settings` and its verbs."""
    verbs = subjects.add_parser("settings", help=_("les réglages du boîtier")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    checking = verbs.add_parser("check", help=_("vérifier un fichier sans rien changer"))
    checking.add_argument("file", metavar=_("FICHIER"), help=_("site.toml, ou - pour l'entrée standard"))
    checking.add_argument("--json", action="store_true")
    checking.set_defaults(verb=check)
    applying = verbs.add_parser("apply", help=_("vérifier un fichier et l'appliquer"))
    applying.add_argument("file", metavar=_("FICHIER"))
    applying.add_argument(
        "--confirm-within",
        type=_seconds,
        metavar=_("SECONDES"),
        help=_("sans « repli settings confirm » d'ici là, les réglages précédents reviennent"),
    )
    applying.add_argument("--request-id", help=_("deux fois le même : appliqué une fois"))
    applying.add_argument("--json", action="store_true")
    applying.set_defaults(verb=apply)
    confirming = verbs.add_parser("confirm", help=_("garder les réglages appliqués"))
    confirming.add_argument("--json", action="store_true")
    confirming.set_defaults(verb=confirm)
    showing = verbs.add_parser("show", help=_("afficher les réglages en vigueur"))
    showing.add_argument("--json", action="store_true")
    showing.set_defaults(verb=show)
    verbs.add_parser("schema", help=_("afficher le schéma JSON des réglages")).set_defaults(verb=schema)


async def check(arguments: argparse.Namespace, _paths: Paths) -> int:
    """Needs no daemon. Exit codes: 0 may be applied, 1 faults."""
    try:
        parse_site(_read(arguments.file))
    except SettingsRefused as refused:
        if arguments.json:
            print_json({"ok": False, "faults": [fault.model_dump() for fault in refused.faults]})
        else:
            _print_faults(refused)
        return 1
    if arguments.json:
        print_json({"ok": True, "faults": []})
    else:
        print(_("Réglages corrects."))
    return 0


async def apply(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 in force, 1 refused with every fault, 2 could not be asked."""
    params = ApplyParams(
        document=_read(arguments.file),
        request_id=arguments.request_id or str(uuid.uuid4()),
        author="root",
        confirm_within_s=arguments.confirm_within,
    )
    try:
        revision = await call_once(SETTINGS, paths.socket("settings"), APPLY, params, timeout=APPLY_TIMEOUT)
    except CallFailed as failed:
        if failed.name != "SettingsFaulty":
            raise
        _print_faults(SettingsRefused([Fault.model_validate(fault) for fault in failed.parameters["faults"]]))
        return 1
    if arguments.json:
        print_json(revision)
        return 0
    print(_("Réglages n° {revision} en vigueur.").format(revision=revision.revision))
    if revision.confirm_by:
        text = _(
            "À confirmer avant {confirm_by} (UTC) par « repli settings confirm », sinon les précédents reviennent."
        )
        print(text.format(confirm_by=revision.confirm_by[:19]))
    return 0


async def confirm(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 kept, 2 nothing waits or nobody answers."""
    revision = await call_once(SETTINGS, paths.socket("settings"), CONFIRM, NoParams())
    if arguments.json:
        print_json(revision)
    else:
        print(_("Réglages n° {revision} gardés.").format(revision=revision.revision))
    return 0


async def show(arguments: argparse.Namespace, paths: Paths) -> int:
    """The document in force, as it was written."""
    revision: Revision = await call_once(SETTINGS, paths.socket("settings"), GET, NoParams())
    if arguments.json:
        print_json(revision)
    else:
        sys.stdout.write(revision.document)
    return 0


async def schema(_arguments: argparse.Namespace, _paths: Paths) -> int:
    """Needs no daemon."""
    print_json(Site.model_json_schema())
    return 0


def _read(name: str) -> str:
    return read_text(Path("/dev/stdin" if name == "-" else name))


def _seconds(text: str) -> int:
    if not text.isdigit() or not CONFIRM_MIN <= int(text) <= CONFIRM_MAX:
        raise argparse.ArgumentTypeError(_("de {least} à {most} secondes").format(least=CONFIRM_MIN, most=CONFIRM_MAX))
    return int(text)


def _print_faults(refused: SettingsRefused) -> None:
    for fault in refused.faults:
        print_error(fault_sentence(fault))
