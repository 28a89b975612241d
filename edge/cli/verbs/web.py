"""repli web: the PINs of the pages."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys

from edge.cli.main import Subjects
from edge.cli.output import print_json
from edge.cli.refusal import CommandRefused
from edge.cli.words import _
from edge.shared.messages.common import Role
from edge.shared.paths import Paths
from edge.shared.pins import PinFile, PinRefused

_REFUSALS = {
    "digits": "un code n'a que des chiffres.",
    "length": "un code a de 4 à 12 chiffres.",
    "trivial": "ce code serait essayé le premier (0000, 1234, 1212…) : choisissez-en un autre.",
    "taken": "ce code est déjà celui de l'autre rôle : le code dit qui entre.",
}

_ROLES = {Role.OPERATOR: "agent", Role.TECHNICIAN: "technicien"}


def register(subjects: Subjects) -> None:
    """Add `repli web pin set`."""
    web = subjects.add_parser("web", help=_("les pages : codes d'accès"))
    things = web.add_subparsers(dest="thing", required=True, metavar=_("SUJET"))
    verbs = things.add_parser("pin", help=_("les codes d'accès aux pages")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    setting = verbs.add_parser("set", help=_("régler un code ; sans CODE, le demande ou le lit sur l'entrée standard"))
    setting.add_argument("pin", nargs="?", metavar=_("CODE"))
    setting.add_argument(
        "--role",
        type=Role,
        choices=list(Role),
        default=Role.OPERATOR,
        metavar="operator|technician",
        help=_("de qui : operator (agent, par défaut) ou technician (technicien)"),
    )
    setting.add_argument("--json", action="store_true")
    setting.set_defaults(verb=set_pin)


async def set_pin(arguments: argparse.Namespace, paths: Paths) -> int:
    """Needs no daemon and no restart: web reads the file at each login. Exit codes: 0 set, 2 refused."""
    pin = arguments.pin if arguments.pin is not None else await asyncio.to_thread(_asked_pin)
    try:
        PinFile.of(paths).set(arguments.role, pin)
    except PinRefused as refused:
        raise CommandRefused(_("Code refusé : ") + _(_REFUSALS[refused.kind])) from refused
    if arguments.json:
        print_json({"role": arguments.role.value, "set": True})
    else:
        print(_("Code réglé pour : {role}. Il sert dès maintenant.").format(role=_(_ROLES[arguments.role])))
    return 0


def _asked_pin() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    pin = getpass.getpass(_("Nouveau code (4 à 12 chiffres, 6 conseillés) : "))
    if getpass.getpass(_("Encore une fois : ")) != pin:
        raise CommandRefused(_("Code refusé : ") + _("les deux saisies ne sont pas les mêmes."))
    return pin
