"""repli modem inbox: the messages received, and following them."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_follow import follow
from edge.cli.modem_words import number_words, print_with_texts
from edge.cli.output import moment, print_json, print_json_line
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
    received.add_argument("--numbers", action="store_true", help=_("les numéros en entier"))
    received.add_argument("--follow", action="store_true", help=_("rester, et montrer ce qui change"))
    received.add_argument("--json", action="store_true")
    received.set_defaults(verb=show_inbox)


async def show_inbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message received, or what was kept aside. With --follow --json: one object a line."""
    params = InboxParams(after=arguments.after, limit=arguments.limit, aside=ASIDE_SHOWN if arguments.aside else 0)
    result = await call_once(MODEM, paths.socket("modem"), INBOX, params)
    if arguments.follow:
        await _follow(result.messages, arguments, paths)
    elif arguments.json:
        print_json(result)
    elif arguments.aside:
        _print_aside(result.aside, arguments)
    elif not result.messages:
        print(_("Aucun SMS reçu."))
    else:
        _print(result.messages, arguments)
    return 0


async def _follow(messages: list[InboundSms], arguments: argparse.Namespace, paths: Paths) -> None:
    _show_followed(messages, arguments)
    after = messages[-1].seq if messages else arguments.after
    async for event in follow(paths, inbox_after=after):
        if event.inbound is not None:
            _show_followed([event.inbound], arguments)


def _show_followed(messages: list[InboundSms], arguments: argparse.Namespace) -> None:
    if arguments.json:
        for message in messages:
            print_json_line(message)
    elif messages:
        _print(messages, arguments)


def _print(messages: list[InboundSms], arguments: argparse.Namespace) -> None:
    print_with_texts(
        (_("N°"), _("REÇU (UTC)"), _("NUMÉRO")),
        [(message.seq, moment(message.received_at), number_words(message.number, arguments)) for message in messages],
        [
            message.text if message.complete else _("(incomplet) {text}").format(text=message.text)
            for message in messages
        ],
    )


def _print_aside(items: list[SetAside], arguments: argparse.Namespace) -> None:
    if not items:
        print(_("Rien à part."))
        return
    print_with_texts(
        (_("REÇU (UTC)"), _("MODEM"), _("NATURE"), _("NUMÉRO")),
        [
            (
                moment(item.received_at),
                item.modem,
                _(_ASIDE[item.reason]),
                number_words(item.number, arguments) if item.number else "-",
            )
            for item in items
        ],
        [item.text or item.pdu or "" for item in items],
    )


_ASIDE: dict[AsideReason, str] = {
    AsideReason.UNREADABLE: "illisible",
    AsideReason.WAITING: "répondeur",
    AsideReason.DATA: "données",
    AsideReason.SILENT: "essai du réseau",
}
