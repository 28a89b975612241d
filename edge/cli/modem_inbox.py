"""repli modem inbox: the messages received."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_words import one_line
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import INBOX, LIMIT_MAX, MODEM, InboundSms, InboxParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_inbox(verbs: Subjects) -> None:
    """Add the verb."""
    received = verbs.add_parser("inbox", help=_("les SMS reçus, le plus ancien d'abord"))
    received.add_argument(
        "--after", type=int, default=0, metavar=_("NUMÉRO"), help=_("seulement après ce numéro d'ordre")
    )
    received.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=1000, metavar=_("NOMBRE"), help=_("combien au plus (1000)")
    )
    received.add_argument("--json", action="store_true")
    received.set_defaults(verb=show_inbox)


async def show_inbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message received."""
    params = InboxParams(after=arguments.after, limit=arguments.limit)
    result = await call_once(MODEM, paths.socket("modem"), INBOX, params)
    if arguments.json:
        print_json(result)
    elif not result.messages:
        print(_("Aucun SMS reçu."))
    else:
        headings = (_("N°"), _("REÇU (UTC)"), _("NUMÉRO"), _("TEXTE"))
        print_table(headings, [_row(message) for message in result.messages])
    return 0


def _row(message: InboundSms) -> tuple[object, ...]:
    text = message.text if message.complete else _("(incomplet) {text}").format(text=message.text)
    return (message.seq, moment(message.received_at), message.number, one_line(text))
