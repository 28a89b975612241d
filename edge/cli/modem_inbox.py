"""repli modem inbox: the messages received."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_words import one_line
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import INBOX, LIMIT_MAX, MODEM, AsideReason, InboundSms, InboxParams, SetAside
from edge.shared.paths import Paths
from edge.shared.varlink import call_once

ASIDE_SHOWN = 200


def add_inbox(verbs: Subjects) -> None:
    """Add the verb."""
    received = verbs.add_parser("inbox", help=_("les SMS reçus, le plus ancien d'abord"))
    received.add_argument(
        "--after", type=int, default=0, metavar=_("NUMÉRO"), help=_("seulement après ce numéro d'ordre")
    )
    received.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=1000, metavar=_("NOMBRE"), help=_("combien au plus (1000)")
    )
    received.add_argument(
        "--aside",
        action="store_true",
        help=_("plutôt ce qui n'est pas un message d'une personne : illisible, répondeur, données"),
    )
    received.add_argument("--json", action="store_true")
    received.set_defaults(verb=show_inbox)


async def show_inbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message received, or what was kept aside."""
    params = InboxParams(after=arguments.after, limit=arguments.limit, aside=ASIDE_SHOWN if arguments.aside else 0)
    result = await call_once(MODEM, paths.socket("modem"), INBOX, params)
    if arguments.json:
        print_json(result)
    elif arguments.aside:
        _print_aside(result.aside)
    elif not result.messages:
        print(_("Aucun SMS reçu."))
    else:
        headings = (_("N°"), _("REÇU (UTC)"), _("NUMÉRO"), _("TEXTE"))
        print_table(headings, [_row(message) for message in result.messages])
    return 0


def _print_aside(items: list[SetAside]) -> None:
    if not items:
        print(_("Rien à part."))
        return
    headings = (_("REÇU (UTC)"), _("MODEM"), _("NATURE"), _("NUMÉRO"), _("TEXTE"))
    rows = [
        (
            moment(item.received_at),
            item.modem,
            _(_ASIDE[item.reason]),
            item.number,
            one_line(item.text or item.pdu or ""),
        )
        for item in items
    ]
    print_table(headings, rows)


def _row(message: InboundSms) -> tuple[object, ...]:
    text = message.text if message.complete else _("(incomplet) {text}").format(text=message.text)
    return (message.seq, moment(message.received_at), message.number, one_line(text))


_ASIDE: dict[AsideReason, str] = {
    AsideReason.UNREADABLE: "illisible",
    AsideReason.WAITING: "répondeur",
    AsideReason.DATA: "données",
    AsideReason.SILENT: "essai du réseau",
}
