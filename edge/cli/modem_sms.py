"""repli modem sms send: one message for one number, and its way to the phone."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import uuid

from pydantic import ValidationError

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.modem_follow import follow
from edge.cli.modem_words import state_words
from edge.cli.output import print_error, print_json
from edge.cli.words import _
from edge.shared.messages.modem import (
    MODEM,
    OUTBOX,
    SEND,
    VALIDITY_MAX_S,
    OutboxEntry,
    OutboxParams,
    SegmentState,
    SendParams,
    SendResult,
    SmsSeverity,
)
from edge.shared.paths import Paths
from edge.shared.varlink import call_once

DONE, LOST, REFUSED, UNDER_WAY = 0, 1, 2, 3
WAIT_S, WAIT_MAX_S = 600, 86_400
FINAL = (SegmentState.DELIVERED, SegmentState.FAILED, SegmentState.EXPIRED, SegmentState.WITHDRAWN)


def add_sms(verbs: Subjects) -> None:
    """Add the verb."""
    sms = verbs.add_parser("sms", help=_("envoyer un SMS")).add_subparsers(
        dest="sms_action", required=True, metavar=_("ACTION")
    )
    sending = sms.add_parser("send", help=_("mettre un SMS à l'envoi"))
    sending.add_argument("number", metavar=_("NUMÉRO"))
    sending.add_argument("text", metavar=_("TEXTE"))
    sending.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("deux fois le même : un seul SMS"))
    sending.add_argument(
        "--severity",
        type=SmsSeverity,
        choices=list(SmsSeverity),
        default=SmsSeverity.ROUTINE,
        metavar=_("URGENCE"),
        help=_("crisis passe avant urgent, urgent avant routine (routine)"),
    )
    sending.add_argument(
        "--validity",
        type=count_up_to(VALIDITY_MAX_S),
        metavar=_("SECONDES"),
        help=_("ne plus l'envoyer après ce temps (24 h, ou « wait_h »)"),
    )
    sending.add_argument(
        "--wait",
        type=count_up_to(WAIT_MAX_S),
        nargs="?",
        const=WAIT_S,
        metavar=_("SECONDES"),
        help=_("suivre le SMS jusqu'au téléphone (600 s au plus)"),
    )
    sending.add_argument("--json", action="store_true")
    sending.set_defaults(verb=send)


async def send(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 on disk, with --wait received by the phone; 1 it will not be; 2 not taken; 3 still under way."""
    try:
        params = SendParams(
            number=arguments.number,
            text=arguments.text,
            request_id=arguments.request_id or str(uuid.uuid4()),
            severity=arguments.severity,
            validity_s=arguments.validity,
        )
    except ValidationError as error:
        names = ", ".join(str(entry["loc"][0]) for entry in error.errors())
        print_error(_("Valeur refusée : {parameter}.").format(parameter=names))
        return REFUSED
    result = await call_once(MODEM, paths.socket("modem"), SEND, params)
    if not arguments.json:
        _say_queued(result)
    if arguments.wait is not None:
        result = result.model_copy(update={"message": await _wait(result.message, arguments, paths)})
    if arguments.json:
        print_json(result)
    return DONE if arguments.wait is None else _code(result.message)


def _say_queued(result: SendResult) -> None:
    message = result.message
    if result.repeated:
        print(_("Déjà demandé : SMS n° {id}, {state}.").format(id=message.id, state=state_words(message)))
    else:
        parts = len(message.segments)
        print(_("SMS n° {id} mis à l'envoi ({parts} partie(s)).").format(id=message.id, parts=parts), flush=True)


async def _wait(message: OutboxEntry, arguments: argparse.Namespace, paths: Paths) -> OutboxEntry:
    """Say each state it comes to until the last one, or until the time is over. Returns it as it was last seen."""
    shown = state_words(message)
    try:
        async with asyncio.timeout(arguments.wait):
            params = OutboxParams(request_id=message.request_id)
            now = await call_once(MODEM, paths.socket("modem"), OUTBOX, params)
            (message,) = now.messages
            async with contextlib.aclosing(follow(paths, changes_after=now.change)) as events:
                while not _is_final(message):
                    event = await anext(events)
                    if event.outbox is not None and event.outbox.message.id == message.id:
                        message = event.outbox.message
                        shown = _say_state(message, shown, arguments)
    except TimeoutError:
        if not arguments.json:
            print(_("Toujours en route après {seconds} s.").format(seconds=arguments.wait))
        return message
    _say_state(message, shown, arguments)
    return message


def _say_state(message: OutboxEntry, shown: str, arguments: argparse.Namespace) -> str:
    words = state_words(message)
    if words != shown and not arguments.json:
        print(words, flush=True)
    return words


def _is_final(message: OutboxEntry) -> bool:
    return all(segment.state in FINAL for segment in message.segments)


def _code(message: OutboxEntry) -> int:
    if not _is_final(message):
        return UNDER_WAY
    return DONE if all(segment.state is SegmentState.DELIVERED for segment in message.segments) else LOST
