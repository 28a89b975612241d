"""repli modem outbox withdraw: take messages back before they leave, and say of each whether it was in time."""

from __future__ import annotations

import argparse
import re

from pydantic import ValidationError

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_words import number_words
from edge.cli.output import print_error, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import (
    LIMIT_MAX,
    MODEM,
    OUTBOX,
    WITHDRAW,
    Fate,
    OutboxParams,
    WithdrawParams,
    WithdrawResult,
)
from edge.shared.paths import Paths
from edge.shared.varlink import call_once

DONE, TOO_LATE, NONE = 0, 1, 2
NOT_LEAVING = frozenset({Fate.WITHDRAWN, Fate.OVER})


def add_withdraw(outbox: argparse.ArgumentParser) -> None:
    """Add the action to the verb."""
    actions: Subjects = outbox.add_subparsers(dest="outbox_action", metavar=_("ACTION"))
    back = actions.add_parser("withdraw", help=_("retirer des SMS qui ne sont pas encore partis"))
    back.add_argument("message", type=count_up_to(2**62), nargs="*", metavar=_("N°"), help=_("leurs numéros d'envoi"))
    back.add_argument("--request-id", action="append", default=[], metavar=_("IDENTIFIANT"))
    back.add_argument(
        "--beginning",
        metavar=_("DÉBUT"),
        help=_("toutes les demandes dont l'identifiant commence ainsi, jusqu'à une barre /, celles à venir aussi"),
    )
    back.add_argument(
        "--alert", type=count_up_to(2**31), metavar=_("NUMÉRO"), help=_("tous ceux de cette alerte, ceux à venir aussi")
    )
    back.add_argument("--numbers", action="store_true", help=_("les numéros en entier"))
    back.add_argument("--json", action="store_true")
    back.set_defaults(verb=withdraw)


async def withdraw(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 nothing of them leaves any more; 1 something left, or is just leaving; 2 there was none."""
    beginning = arguments.beginning
    if arguments.alert is not None:
        if beginning is not None:
            print_error(_("Soit --alert, soit --beginning."))
            return NONE
        beginning = await _of_alert(arguments.alert, paths)
    if not (arguments.message or arguments.request_id or beginning):
        print_error(_("Aucun SMS à retirer."))
        return NONE
    try:
        params = WithdrawParams(messages=arguments.message, request_ids=arguments.request_id, beginning=beginning)
    except ValidationError as error:
        names = ", ".join(str(entry["loc"][0]) for entry in error.errors())
        print_error(_("Valeur refusée : {parameter}.").format(parameter=names))
        return NONE
    result = await call_once(MODEM, paths.socket("modem"), WITHDRAW, params)
    if arguments.json:
        print_json(result)
    else:
        _print(result, arguments)
    if not result.counts:
        return NONE
    return DONE if set(result.counts) <= NOT_LEAVING else TOO_LATE


async def _of_alert(number: int, paths: Paths) -> str | None:
    """How the request ids of the newest alert of this number begin."""
    known = await call_once(MODEM, paths.socket("modem"), OUTBOX, OutboxParams(limit=LIMIT_MAX))
    named = re.compile(rf".*/campaign-{number}/")
    found = (named.match(message.request_id) for message in known.messages)
    return next((match[0] for match in found if match), None)


def _print(result: WithdrawResult, arguments: argparse.Namespace) -> None:
    if not result.counts:
        print(_("Aucun SMS à retirer."))
        return
    print_table(
        (_("N°"), _("NUMÉRO"), _("RÉSULTAT")),
        [(each.id, number_words(each.number, arguments), _(_FATES[each.fate])) for each in result.messages],
    )
    for fate, text in _FATES.items():
        if result.counts.get(fate):
            print(_("{count} SMS : {result}").format(count=result.counts[fate], result=_(text)))


_FATES: dict[Fate, str] = {
    Fate.WITHDRAWN: "retiré, ne partira pas",
    Fate.OVER: "n'était pas parti et ne partira pas",
    Fate.UNDER_WAY: "envoi en cours, ne peut plus être retenu",
    Fate.MAYBE_SENT: "retiré, peut-être déjà reçu",
    Fate.SENT: "déjà envoyé",
}
