"""repli modem at: one AT command of a technician, between two messages."""

from __future__ import annotations

import argparse

from edge.cli.arguments import technician, text_like
from edge.cli.main import Subjects
from edge.cli.output import print_error, print_json
from edge.cli.words import _
from edge.shared.faults import printable
from edge.shared.messages.modem import MODEM
from edge.shared.messages.modem_at import AT, COMMAND, AtParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once

TIMEOUT_S = 5.0


def add_at(verbs: Subjects) -> None:
    """Add the verb."""
    at = verbs.add_parser("at", help=_("une commande AT, entre deux SMS (pour qui sait)"))
    at.add_argument(
        "command",
        type=text_like(COMMAND, _("une commande AT sur une ligne, par exemple AT+CSQ")),
        metavar=_("COMMANDE"),
    )
    at.add_argument(
        "--i-know", action="store_true", help=_("je sais ce que fait cette commande ; sans cela, rien n'est fait")
    )
    at.add_argument(
        "--break-sending",
        action="store_true",
        help=_("même si elle empêche d'envoyer (CFUN, CPIN, CNMI...) ; le modem est ensuite remis en service"),
    )
    at.add_argument("--modem", metavar=_("MODEM"), help=_("lequel (le premier qui est prêt)"))
    at.add_argument(
        "--timeout", type=float, default=TIMEOUT_S, metavar=_("SECONDES"), help=_("attente de la réponse (5)")
    )
    at.add_argument("--json", action="store_true")
    at.set_defaults(verb=run_at)


async def run_at(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 the modem said OK, 1 it said an error or nothing, 2 the command was not given to it."""
    if not arguments.i_know:
        print_error(
            _("Une commande AT peut mettre le modem hors service : ajoutez --i-know si vous savez ce qu'elle fait.")
        )
        return 2
    if not 1 <= arguments.timeout <= 60:
        print_error(_("--timeout : de 1 à 60 secondes."))
        return 2
    params = AtParams(
        command=arguments.command,
        modem=arguments.modem,
        timeout_s=arguments.timeout,
        breaks_sending=arguments.break_sending,
        actor=technician(),
    )
    # It waits for its turn behind the message that is being handed over.
    result = await call_once(MODEM, paths.socket("modem"), AT, params, timeout=arguments.timeout + 240)
    if arguments.json:
        print_json(result)
    else:
        for line in [*result.lines, result.error or "OK"]:
            print(printable(line))
    return 0 if result.error is None else 1
