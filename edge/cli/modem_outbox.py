"""repli modem outbox: the messages to send and sent, with the state of each part."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_words import one_line, state_words
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import LIMIT_MAX, MODEM, OUTBOX, OutboxEntry, OutboxParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_outbox(verbs: Subjects) -> None:
    """Add the verb."""
    sent = verbs.add_parser("outbox", help=_("les SMS à envoyer et envoyés, le plus récent d'abord"))
    sent.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("seulement le SMS de cette demande"))
    sent.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=100, metavar=_("NOMBRE"), help=_("combien au plus (100)")
    )
    sent.add_argument("--json", action="store_true")
    sent.set_defaults(verb=show_outbox)


async def show_outbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message with the state of its parts."""
    params = OutboxParams(limit=arguments.limit, request_id=arguments.request_id)
    result = await call_once(MODEM, paths.socket("modem"), OUTBOX, params)
    if arguments.json:
        print_json(result)
    elif not result.messages:
        print(_("Aucun SMS."))
    else:
        headings = (_("N°"), _("DEMANDÉ (UTC)"), _("NUMÉRO"), _("ÉTAT"), _("TEXTE"))
        print_table(headings, [_row(message) for message in result.messages])
    return 0


def _row(message: OutboxEntry) -> tuple[object, ...]:
    return (message.id, moment(message.queued_at), message.number, state_words(message), one_line(message.text))
