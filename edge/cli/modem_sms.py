"""repli modem sms send: one message for one number."""

from __future__ import annotations

import argparse
import uuid

from pydantic import ValidationError

from edge.cli.main import Subjects
from edge.cli.modem_words import state_words
from edge.cli.output import print_error, print_json
from edge.cli.words import _
from edge.shared.messages.modem import MODEM, SEND, SendParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_sms(verbs: Subjects) -> None:
    """Add the verb."""
    sms = verbs.add_parser("sms", help=_("envoyer un SMS")).add_subparsers(
        dest="sms_action", required=True, metavar=_("ACTION")
    )
    sending = sms.add_parser("send", help=_("mettre un SMS à l'envoi"))
    sending.add_argument("number", metavar=_("NUMÉRO"))
    sending.add_argument("text", metavar=_("TEXTE"))
    sending.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("deux fois le même : un seul SMS"))
    sending.add_argument("--json", action="store_true")
    sending.set_defaults(verb=send)


async def send(arguments: argparse.Namespace, paths: Paths) -> int:
    """Returns once the message is on disk; its way is followed with `repli modem outbox`."""
    try:
        params = SendParams(
            number=arguments.number, text=arguments.text, request_id=arguments.request_id or str(uuid.uuid4())
        )
    except ValidationError as error:
        names = ", ".join(str(entry["loc"][0]) for entry in error.errors())
        print_error(_("Valeur refusée : {parameter}.").format(parameter=names))
        return 2
    result = await call_once(MODEM, paths.socket("modem"), SEND, params)
    if arguments.json:
        print_json(result)
        return 0
    parts = len(result.message.segments)
    if result.repeated:
        print(_("Déjà demandé : SMS n° {id}, {state}.").format(id=result.message.id, state=state_words(result.message)))
    else:
        print(_("SMS n° {id} mis à l'envoi ({parts} partie(s)).").format(id=result.message.id, parts=parts))
    return 0
