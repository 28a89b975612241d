"""repli voice calls: the live calls and those of late, how each went, and following them."""

from __future__ import annotations

import argparse
from datetime import timedelta

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.output import local_time, print_json, print_json_line, print_table
from edge.cli.voice_explain import CALL_CLASSES
from edge.cli.voice_trunks import way_words
from edge.cli.words import _, figure
from edge.shared.logs import mask_numbers
from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_calls import CALLS, LIMIT_MAX, WATCH_CALLS, CallRecord, CallsParams, CallsResult
from edge.shared.paths import Paths
from edge.shared.varlink import Client, call_once
from edge.shared.varlink_idl import NoParams

SHOWN = 30


def add_calls(verbs: Subjects) -> None:
    """Add the verb."""
    calls = verbs.add_parser("calls", help=_("les appels en cours et récents"))
    calls.add_argument("--live", action="store_true", help=_("seulement ceux en cours"))
    calls.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=SHOWN, metavar=_("NOMBRE"), help=_("combien au plus (30)")
    )
    calls.add_argument("--numbers", action="store_true", help=_("les numéros en entier"))
    calls.add_argument("--trail", action="store_true", help=_("chaque décision prise pour l'appel"))
    calls.add_argument("--follow", action="store_true", help=_("rester, et montrer ce qui change"))
    calls.add_argument("--json", action="store_true")
    calls.set_defaults(verb=show_calls)


async def show_calls(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 shown."""
    socket = paths.socket("voice")
    if arguments.follow:
        async with Client(VOICE, socket) as client:
            await _follow(client, arguments)
        return 0
    found = await call_once(VOICE, socket, CALLS, CallsParams(limit=arguments.limit, live=arguments.live))
    calls = [_masked(call, arguments) for call in found.calls]
    if arguments.json:
        print_json(CallsResult(calls=calls))
    elif calls:
        _print(calls, arguments)
    else:
        print(_("Aucun appel."))
    return 0


async def _follow(client: Client, arguments: argparse.Namespace) -> None:
    """Each call again whenever it changed; with --json one object a line."""
    known: dict[int, CallRecord] = {}
    async for news in client.watch(WATCH_CALLS, NoParams()):
        changed = [call for call in news.calls if known.get(call.id) != call]
        known = {call.id: call for call in news.calls}
        shown = [_masked(call, arguments) for call in changed]
        if arguments.json:
            for call in shown:
                print_json_line(call)
        elif shown:
            _print(shown, arguments)


def _print(calls: list[CallRecord], arguments: argparse.Namespace) -> None:
    headings = [_("DÉBUT"), _("DE"), _("VERS"), _("ÉTAT"), _("RÉPONDU PAR"), _("ATTENTE"), _("DURÉE"), _("LIGNE")]
    rows = [_row(call) for call in calls]
    if arguments.trail:
        headings.append(_("DÉCISIONS"))
        rows = [(*row, " > ".join(_step(word) for word in call.trail)) for row, call in zip(rows, calls, strict=True)]
    print_table(headings, rows)


def _row(call: CallRecord) -> tuple[object, ...]:
    state = _(CALL_STATES.get(call.state, call.state))
    if call.code and call.state == "refused":
        state = f"{state} ({call.code})"
    return (
        local_time(call.begun),
        call.caller or None,
        _("{number} URGENCE").format(number=call.dialled) if call.emergency else call.dialled or None,
        state,
        call.answered_by or None,
        None if call.answer_s is None else f"{figure(call.answer_s)} s",
        None if call.talk_s is None else timedelta(seconds=round(call.talk_s)),
        way_words(call.way) or None,
    )


def _masked(call: CallRecord, arguments: argparse.Namespace) -> CallRecord:
    """Numbers of outside with their middle hidden, as in logs: a screen is seen by more people than its owner."""
    if arguments.numbers:
        return call
    hidden = {name: mask_numbers(getattr(call, name)) for name in ("caller", "dialled")}
    return call.model_copy(update={**hidden, "trail": [_masked_step(word) for word in call.trail]})


def _masked_step(word: str) -> str:
    name, colon, what = word.partition(":")
    return f"{name}{colon}{mask_numbers(what)}"


def _step(word: str) -> str:
    name, _colon, what = word.partition(":")
    way, _slash, code = what.partition("/")
    if name == "no_right":
        what = _(CALL_CLASSES.get(what, what))
    elif name in ("way", "refused", "silent"):
        what = f"{way_words(way)} ({code})" if code else way_words(way)
    return f"{_(CALL_STEPS.get(name, name))} {what}".rstrip()


# State of a call -> French words.
CALL_STATES: dict[str, str] = {
    "ringing": "sonne",
    "talking": "en conversation",
    "answered": "répondu",
    "busy": "occupé",
    "no_answer": "sans réponse",
    "gave_up": "abandonné",
    "unproved": "non identifié",
    "refused": "refusé",
    "end_unknown": "fin inconnue",
}
# A decision on the way of a call -> French words.
CALL_STEPS: dict[str, str] = {
    "cloud": "confié au standard de l'opérateur",
    "cloud_silent": "standard de l'opérateur muet",
    "cloud_refused": "refusé par le standard de l'opérateur :",
    "local": "décidé par le boîtier",
    "ring": "sonne au",
    "away": "aucun téléphone enregistré",
    "step": "étape",
    "busy": "occupé",
    "otherwise": "sans réponse",
    "no_right": "appel non permis :",
    "pickup": "reprend l'appel du",
    "out": "renvoyé vers",
    "way": "par :",
    "refused": "refusé par :",
    "silent": "muette :",
}
