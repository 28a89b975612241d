"""repli modem: the modems, and SMS out and in."""

from __future__ import annotations

import argparse
import uuid
from collections import Counter

from pydantic import ValidationError

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.output import moment, print_error, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import (
    INBOX,
    LIST,
    MODEM,
    OUTBOX,
    SEND,
    InboundSms,
    InboxParams,
    Modem,
    ModemState,
    OutboxEntry,
    OutboxParams,
    SegmentState,
    SendParams,
)
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams

LIMIT_MAX = 100_000  # as the daemon takes it
TEXT_SHOWN = 40  # characters in a table


def register(subjects: Subjects) -> None:
    """Add `repli modem` and its verbs."""
    verbs = subjects.add_parser("modem", help=_("les modems et les SMS")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    state = verbs.add_parser("status", help=_("les modems tels qu'ils sont"))
    state.add_argument("--json", action="store_true")
    state.set_defaults(verb=status)
    _register_sms(verbs)
    sent = verbs.add_parser("outbox", help=_("les SMS à envoyer et envoyés, le plus récent d'abord"))
    sent.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("seulement le SMS de cette demande"))
    sent.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=100, metavar=_("NOMBRE"), help=_("combien au plus (100)")
    )
    sent.add_argument("--json", action="store_true")
    sent.set_defaults(verb=outbox)
    received = verbs.add_parser("inbox", help=_("les SMS reçus, le plus ancien d'abord"))
    received.add_argument(
        "--after", type=int, default=0, metavar=_("NUMÉRO"), help=_("seulement après ce numéro d'ordre")
    )
    received.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=1000, metavar=_("NOMBRE"), help=_("combien au plus (1000)")
    )
    received.add_argument("--json", action="store_true")
    received.set_defaults(verb=inbox)


def _register_sms(verbs: Subjects) -> None:
    sms = verbs.add_parser("sms", help=_("envoyer un SMS")).add_subparsers(
        dest="sms_action", required=True, metavar=_("ACTION")
    )
    sending = sms.add_parser("send", help=_("mettre un SMS à l'envoi"))
    sending.add_argument("number", metavar=_("NUMÉRO"))
    sending.add_argument("text", metavar=_("TEXTE"))
    sending.add_argument("--request-id", metavar=_("IDENTIFIANT"), help=_("deux fois le même : un seul SMS"))
    sending.add_argument("--json", action="store_true")
    sending.set_defaults(verb=send)


async def status(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 a modem is ready or none is set, 1 none is ready."""
    result = await call_once(MODEM, paths.socket("modem"), LIST, NoParams())
    ready = any(modem.state is ModemState.READY for modem in result.modems)
    code = 1 if result.modems and not ready else 0
    if arguments.json:
        print_json(result)
    elif not result.modems:
        print(_("Aucun modem dans les réglages."))
    else:
        headings = (_("MODEM"), _("PORT"), _("ÉTAT"), _("OPÉRATEUR"), _("RÉCEPTION"), _("EN ATTENTE"))
        print_table(headings, [_modem_row(modem) for modem in result.modems])
    return code


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
        print(_("Déjà demandé : SMS n° {id}, {state}.").format(id=result.message.id, state=_states(result.message)))
    else:
        print(_("SMS n° {id} mis à l'envoi ({parts} partie(s)).").format(id=result.message.id, parts=parts))
    return 0


async def outbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message with the state of its parts."""
    params = OutboxParams(limit=arguments.limit, request_id=arguments.request_id)
    result = await call_once(MODEM, paths.socket("modem"), OUTBOX, params)
    if arguments.json:
        print_json(result)
    elif not result.messages:
        print(_("Aucun SMS."))
    else:
        headings = (_("N°"), _("DEMANDÉ (UTC)"), _("NUMÉRO"), _("ÉTAT"), _("TEXTE"))
        print_table(headings, [_sent_row(message) for message in result.messages])
    return 0


async def inbox(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every message received."""
    params = InboxParams(after=arguments.after, limit=arguments.limit)
    result = await call_once(MODEM, paths.socket("modem"), INBOX, params)
    if arguments.json:
        print_json(result)
    elif not result.messages:
        print(_("Aucun SMS reçu."))
    else:
        headings = (_("N°"), _("REÇU (UTC)"), _("NUMÉRO"), _("TEXTE"))
        print_table(headings, [_received_row(message) for message in result.messages])
    return 0


def _modem_row(modem: Modem) -> tuple[object, ...]:
    signal = None if modem.signal_dbm is None else f"{modem.signal_dbm} dBm"
    return (modem.name, modem.device, _(_MODEM_STATES[modem.state]), modem.operator, signal, modem.queued)


def _sent_row(message: OutboxEntry) -> tuple[object, ...]:
    return (message.id, moment(message.queued_at), message.number, _states(message), _shown(message.text))


def _received_row(message: InboundSms) -> tuple[object, ...]:
    text = message.text if message.complete else _("(incomplet) {text}").format(text=message.text)
    return (message.seq, moment(message.received_at), message.number, _shown(text))


def _states(message: OutboxEntry) -> str:
    """One state, or how many parts are in each."""
    counts = Counter(segment.state for segment in message.segments)
    if len(counts) == 1:
        text = _(_STATES[next(iter(counts))])
    else:
        text = ", ".join(f"{count} {_(_STATES[state])}" for state, count in counts.items())
    if any(segment.maybe_dup for segment in message.segments):
        text += " " + _("(reçu peut-être deux fois)")
    return text


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TEXT_SHOWN else line[: TEXT_SHOWN - 1] + "…"


_MODEM_STATES: dict[ModemState, str] = {
    ModemState.ABSENT: "absent",
    ModemState.STARTING: "démarre",
    ModemState.READY: "prêt",
    ModemState.FAILED: "en panne",
}
_STATES: dict[SegmentState, str] = {
    SegmentState.QUEUED: "à envoyer",
    SegmentState.CLAIMED: "envoi en cours",
    SegmentState.SUBMITTED: "envoyé",
    SegmentState.UNCERTAIN: "envoi incertain",
    SegmentState.DELIVERED: "reçu par le téléphone",
    SegmentState.FAILED: "refusé",
    SegmentState.EXPIRED: "trop tard",
}
