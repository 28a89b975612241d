"""repli modem ussd: ask the operator by a code, for the balance of a prepaid SIM for one."""

from __future__ import annotations

import argparse
import uuid

from pydantic import ValidationError

from edge.cli.main import Subjects
from edge.cli.output import print_error, print_json
from edge.cli.words import _
from edge.shared.messages.modem import MODEM
from edge.shared.messages.modem_calls import (
    USSD,
    USSD_CANCEL,
    USSD_WAIT_S,
    UssdCancelParams,
    UssdOutcome,
    UssdParams,
    UssdResult,
)
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_ussd(verbs: Subjects) -> None:
    """Add the verb."""
    asking = verbs.add_parser("ussd", help=_("interroger l'opérateur par un code (solde : *100#, #123#...)"))
    asking.add_argument(
        "code", nargs="?", metavar=_("CODE"), help=_("le code, ou la réponse à une question de l'opérateur")
    )
    asking.add_argument("--cancel", action="store_true", help=_("terminer l'échange sans répondre"))
    asking.add_argument("--modem", metavar=_("NOM"), help=_("par ce modem (le premier prêt)"))
    asking.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("deux fois le même : une seule demande"))
    asking.add_argument("--json", action="store_true")
    asking.set_defaults(verb=ussd)


async def ussd(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 the operator answered, 1 it did not, 2 nothing was asked."""
    if arguments.cancel == (arguments.code is not None):
        print_error(_("Il faut un code, ou --cancel."))
        return 2
    socket = paths.socket("modem")
    if arguments.cancel:
        await call_once(MODEM, socket, USSD_CANCEL, UssdCancelParams(modem=arguments.modem))
        return 0
    try:
        params = UssdParams(
            code=arguments.code, modem=arguments.modem, request_id=arguments.request_id or str(uuid.uuid4())
        )
    except ValidationError as error:
        names = ", ".join(str(entry["loc"][0]) for entry in error.errors())
        print_error(_("Valeur refusée : {parameter}.").format(parameter=names))
        return 2
    result = await call_once(MODEM, socket, USSD, params, timeout=USSD_WAIT_S)
    if arguments.json:
        print_json(result)
    else:
        _print(result)
    return 0 if result.outcome in (UssdOutcome.ANSWERED, UssdOutcome.WANTS_MORE, UssdOutcome.ENDED) else 1


def _print(result: UssdResult) -> None:
    if result.text:
        print(result.text)
    words = _OUTCOMES.get(result.outcome)
    if words is not None:
        print(_(words))


_OUTCOMES: dict[UssdOutcome, str] = {
    UssdOutcome.ASKED: "Déjà demandé ; la réponse s'est perdue.",
    UssdOutcome.WANTS_MORE: "L'opérateur attend une réponse : repli modem ussd RÉPONSE, ou --cancel.",
    UssdOutcome.NOT_SUPPORTED: "L'opérateur ou la carte SIM ne connaît pas ce code.",
    UssdOutcome.TIMED_OUT: "L'opérateur n'a pas répondu.",
    UssdOutcome.REFUSED: "Le modem a refusé la demande.",
    UssdOutcome.CANCELLED: "Échange terminé.",
}
