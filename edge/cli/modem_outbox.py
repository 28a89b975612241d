"""repli modem outbox: the messages to send and sent, with the state of each part, and following them."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_follow import follow
from edge.cli.modem_withdraw import add_withdraw
from edge.cli.modem_words import number_words, print_with_texts, severity_words, state_words
from edge.cli.output import moment, print_json, print_json_line
from edge.cli.words import _
from edge.shared.messages.modem import LIMIT_MAX, MODEM, OUTBOX, OutboxEntry, OutboxParams, SegmentState
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_outbox(verbs: Subjects) -> None:
    """Add the verb."""
    sent = verbs.add_parser("outbox", help=_("les SMS à envoyer et envoyés, le plus récent d'abord"))
    sent.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("seulement le SMS de cette demande"))
    sent.add_argument(
        "--state",
        action="append",
        type=SegmentState,
        choices=list(SegmentState),
        default=[],
        metavar=_("ÉTAT"),
        help=_("seulement ceux dont une partie est dans cet état ({states})").format(states=", ".join(SegmentState)),
    )
    sent.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=100, metavar=_("NOMBRE"), help=_("combien au plus (100)")
    )
    sent.add_argument("--numbers", action="store_true", help=_("les numéros en entier"))
    sent.add_argument("--follow", action="store_true", help=_("rester, et montrer ce qui change"))
    sent.add_argument("--json", action="store_true")
    sent.set_defaults(verb=show_outbox)
    add_withdraw(sent)


async def show_outbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message with the state of its parts. With --follow --json: one object a line, no table before."""
    params = OutboxParams(limit=arguments.limit, request_id=arguments.request_id, states=arguments.state)
    result = await call_once(MODEM, paths.socket("modem"), OUTBOX, params)
    if arguments.follow:
        _show_followed(result.messages[::-1], arguments)
        await _follow(result.change, arguments, paths)
    elif arguments.json:
        print_json(result)
    elif not result.messages:
        print(_("Aucun SMS."))
    else:
        _print(result.messages, arguments)
    return 0


async def _follow(change: int, arguments: argparse.Namespace, paths: Paths) -> None:
    async for event in follow(paths, changes_after=change):
        if event.outbox is not None and _is_wanted(event.outbox.message, arguments):
            _show_followed([event.outbox.message], arguments)


def _show_followed(messages: list[OutboxEntry], arguments: argparse.Namespace) -> None:
    if arguments.json:
        for message in messages:
            print_json_line(message)
    elif messages:
        _print(messages, arguments)


def _is_wanted(message: OutboxEntry, arguments: argparse.Namespace) -> bool:
    if arguments.request_id not in (None, message.request_id):
        return False
    return not arguments.state or any(segment.state in arguments.state for segment in message.segments)


def _print(messages: list[OutboxEntry], arguments: argparse.Namespace) -> None:
    print_with_texts(
        (_("N°"), _("DEMANDÉ (UTC)"), _("NUMÉRO"), _("POUR"), _("ÉTAT")),
        [
            (
                message.id,
                moment(message.queued_at),
                number_words(message.number, arguments),
                severity_words(message.severity),
                state_words(message),
            )
            for message in messages
        ],
        [message.text for message in messages],
    )
