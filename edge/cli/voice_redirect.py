"""repli voice redirect: all calls of some numbers go elsewhere until a given hour."""

from __future__ import annotations

import argparse
import uuid
from datetime import datetime

from edge.cli.arguments import line_up_to, number_argument, technician, text_like
from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.refusal import CommandRefused
from edge.cli.words import _
from edge.shared.messages.common import REASON_MAX, REQUEST_ID_MAX
from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_redirects import (
    CANCEL_REDIRECTS,
    NUMBERS_MAX,
    REDIRECT,
    REDIRECTS,
    UNTIL,
    CancelParams,
    Redirect,
    RedirectParams,
    RedirectsResult,
)
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def add_redirect(verbs: Subjects) -> None:
    """Add the verb."""
    redirect = verbs.add_parser(
        "redirect", help=_("renvoyer tous les appels de postes ou de groupes jusqu'à une heure donnée")
    )
    redirect.add_argument(
        "numbers",
        nargs="*",
        type=number_argument,
        metavar=_("NUMÉRO"),
        help=_("postes et groupes d'appel, par exemple 101 102"),
    )
    redirect.add_argument(
        "--to", type=number_argument, metavar=_("VERS"), help=_("un poste, un groupe d'appel ou un numéro extérieur")
    )
    hour = _("18:00, ou 2026-12-25T10:00, à l'heure de la mairie")  # what it means, the box decides
    redirect.add_argument("--until", type=text_like(UNTIL, hour), metavar=_("QUAND"), help=hour)
    redirect.add_argument(
        "--reason", type=line_up_to(REASON_MAX), metavar=_("MOTIF"), help=_("pourquoi ; affiché partout")
    )
    redirect.add_argument(
        "--request-id",
        type=line_up_to(REQUEST_ID_MAX),
        metavar="ID",
        help=_("deux fois le même : une seule demande"),
    )
    instead = redirect.add_mutually_exclusive_group()
    instead.add_argument("--list", action="store_true", help=_("les renvois en cours"))
    instead.add_argument(
        "--cancel", action="store_true", help=_("arrêter les renvois de ces numéros ; sans numéro : tous")
    )
    redirect.add_argument("--json", action="store_true")
    redirect.set_defaults(verb=redirect_calls)


async def redirect_calls(arguments: argparse.Namespace, paths: Paths) -> int:
    """Redirect, list or cancel; shows what is redirected then."""
    socket = paths.socket("voice")
    if len(arguments.numbers) > NUMBERS_MAX:
        raise CommandRefused(_("{most} numéros au plus en une fois.").format(most=NUMBERS_MAX))
    if arguments.cancel:
        cancelling = CancelParams(numbers=arguments.numbers, actor=technician())
        return _print(await call_once(VOICE, socket, CANCEL_REDIRECTS, cancelling), arguments)
    nothing_asked = not (arguments.numbers or arguments.to or arguments.until)
    if arguments.list or nothing_asked:
        return _print(await call_once(VOICE, socket, REDIRECTS, NoParams()), arguments)
    if not (arguments.numbers and arguments.to and arguments.until):
        raise CommandRefused(_("Dites quels numéros, vers où (--to) et jusqu'à quelle heure (--until)."))
    params = RedirectParams(
        numbers=arguments.numbers,
        to=arguments.to,
        until=arguments.until,
        reason=arguments.reason or "",
        request_id=arguments.request_id or str(uuid.uuid4()),
        actor=technician(),
    )
    return _print(await call_once(VOICE, socket, REDIRECT, params), arguments)


def _print(result: RedirectsResult, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json(result)
    elif not result.redirects:
        print(_("Aucun renvoi en cours."))
    else:
        headings = (_("NUMÉRO"), _("VERS"), _("JUSQU'À"), _("PAR"), _("MOTIF"))
        print_table(headings, [_row(one) for one in result.redirects])
    return 0


def _row(one: Redirect) -> tuple[object, ...]:
    return (one.number, one.to, f"{datetime.fromisoformat(one.until):%Y-%m-%d %H:%M}", one.author, one.reason or None)
