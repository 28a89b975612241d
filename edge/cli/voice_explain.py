"""repli voice explain: what would become of a call, step by step, with each reason."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime

from edge.cli.arguments import number_argument
from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.refusal import CommandRefused
from edge.cli.voice_trunks import way_words
from edge.cli.words import _
from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_explain import (
    EXPLAIN,
    Decider,
    ExplainedReason,
    ExplainedStep,
    ExplainParams,
    ExplainResult,
)
from edge.shared.paths import Paths
from edge.shared.section import read_site
from edge.shared.varlink import Unreachable, call_once


def add_explain(verbs: Subjects) -> None:
    """Add the verb."""
    explain = verbs.add_parser("explain", help=_("ce que deviendrait un appel, étape par étape"))
    explain.add_argument("caller", type=number_argument, metavar=_("POSTE"), help=_("qui appellerait, par exemple 101"))
    explain.add_argument("dialled", type=number_argument, metavar=_("NUMÉRO"), help=_("ce qui serait composé"))
    explain.add_argument("--mode", choices=["cloud", "local"], help=_("comme si l'opérateur ou le boîtier servait"))
    explain.add_argument(
        "--at", type=_moment, metavar=_("QUAND"), help=_("comme s'il était 2026-12-25T10:00, à l'heure de la mairie")
    )
    explain.add_argument("--json", action="store_true")
    explain.set_defaults(verb=explain_call)


async def explain_call(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 the call would go somewhere, 1 it would be refused."""
    mode = Decider(arguments.mode) if arguments.mode else None
    asked = ExplainParams(caller=arguments.caller, dialled=arguments.dialled, mode=mode, at=arguments.at)
    try:
        result = await call_once(VOICE, paths.socket("voice"), EXPLAIN, asked)
    except Unreachable:
        result = await _from_the_file(asked, paths)
    code = 1 if result.outcome == "refused" else 0
    if arguments.json:
        print_json(result)
        return code
    print(_(_EXPLAIN_SOURCES[result.source]).format(mode=_(_EXPLAIN_MODES[result.mode])))
    rows: list[tuple[object, ...]] = [(None, _reason(because), None, None) for because in result.because]
    rows += [_step_row(step) for step in result.steps]
    print_table((_("ÉTAPE"), _("POURQUOI"), _("CE QUI EST FAIT"), _("ENSUITE")), rows)
    print(_outcome(result))
    return code


async def _from_the_file(asked: ExplainParams, paths: Paths) -> ExplainResult:
    """The daemon is dead: its own code decides, from site.toml alone."""
    read_site(paths.site_file)  # what is wrong with it is said in this person's language
    command = [sys.executable, "-P", "-m", "edge.voice.explain"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    output, said = await process.communicate(asked.model_dump_json().encode())
    if process.returncode != 0:
        text = _("La décision n'a pas pu être calculée : {reason}")
        raise CommandRefused(text.format(reason=said.decode(errors="replace").strip()[-400:]))
    return ExplainResult.model_validate_json(output)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_("un moment comme 2026-12-25T10:00")) from error


def _reason(because: ExplainedReason) -> str:
    template = _EXPLAIN_REASONS.get(because.id)
    data = {**because.data, "kind": _(CALL_CLASSES.get(because.data.get("kind", ""), "-"))}
    if because.id.endswith("_holiday"):
        data["day"] = _(_HOLIDAYS.get(because.data.get("day", ""), "-"))
    try:
        return _(template).format(**data) if template else because.id
    except KeyError:
        return because.id  # a daemon of another version left the reason without its data


def _step_row(step: ExplainedStep) -> tuple[object, ...]:
    return (step.step, _reason(step.because), _deed(step), _following(step))


def _deed(step: ExplainedStep) -> str:
    if step.action == "out":
        text = _("appeler {number} par {trunks}").format(number=step.targets[0], trunks=_ways(step.trunks))
    elif len(step.targets) == 1:
        text = _("sonner au poste {number}").format(number=step.targets[0])
    else:
        order = _(_GROUP_ORDERS.get(step.order, "-"))
        text = _("sonner {order} : {numbers}").format(order=order, numbers=", ".join(step.targets))
    return text + (_(", {seconds} s").format(seconds=step.seconds) if step.seconds else "")


def _following(step: ExplainedStep) -> str:
    if step.busy is None and step.otherwise is None:
        return _("fin de l'appel")
    if step.busy == step.otherwise:
        return _("sinon étape {step}").format(step=step.otherwise)
    parts = [
        _("occupé : étape {step}").format(step=step.busy) if step.busy else "",
        _("sans réponse : étape {step}").format(step=step.otherwise) if step.otherwise else "",
    ]
    return ", ".join(part for part in parts if part)


def _outcome(result: ExplainResult) -> str:
    outcome, number, trunks = result.outcome, result.number, result.trunks
    first = result.steps[0] if result.steps else None
    if outcome == "inside" and first is not None and first.action == "out":
        # All its calls go elsewhere.
        outcome, number, trunks = "outside", first.targets[0], first.trunks
    text = _(_OUTCOMES.get(outcome, "{number}"))
    return text.format(number=number, trunks=_ways(trunks), code=result.code)


def _ways(names: list[str]) -> str:
    return ", ".join(way_words(name) for name in names) or _("aucune ligne")


_EXPLAIN_SOURCES: dict[str, str] = {
    "running": "D'après les réglages en service ({mode}) :",
    "file": "Le service « voice » ne répond pas : d'après le fichier de réglages seul, sans les renvois en cours ({mode}) :",
}
_EXPLAIN_MODES: dict[str, str] = {"cloud": "standard de l'opérateur", "local": "mode autonome"}
CALL_CLASSES: dict[str, str] = {
    "internal": "interne",
    "national": "national",
    "mobile": "mobile",
    "international": "international",
    "premium": "surtaxé",
}
_GROUP_ORDERS: dict[str, str] = {
    "all": "tous ensemble",
    "in_turn": "l'un après l'autre",
    "round_robin": "à tour de rôle",
    "longest_idle": "le plus longtemps libre d'abord",
}
_HOLIDAYS: dict[str, str] = {
    "new_year": "jour de l'An",
    "good_friday": "Vendredi saint",
    "easter_monday": "lundi de Pâques",
    "labour_day": "fête du Travail",
    "victory_day": "8 mai",
    "ascension": "Ascension",
    "whit_monday": "lundi de Pentecôte",
    "national_day": "14 juillet",
    "assumption": "Assomption",
    "all_saints": "Toussaint",
    "armistice": "11 novembre",
    "christmas": "Noël",
    "saint_stephen": "26 décembre",
    "abolition": "abolition de l'esclavage",
}
_OUTCOMES: dict[str, str] = {
    "emergency": "→ urgence : {number} par {trunks}",
    "cloud": "→ le standard de l'opérateur reçoit l'appel",
    "pickup": "→ interception : {number}",
    "inside": "→ {number}, dans le bâtiment",
    "outside": "→ {number} par {trunks}",
    "refused": "→ refusé ({code}) : {number}",
}
_EXPLAIN_REASONS: dict[str, str] = {
    "emergency": "{number} est un numéro d'urgence : avant toute autre règle",
    "cloud_decides": "le standard de l'opérateur décide",
    "cloud_rings_away": "mais quand il fera sonner le poste {number}, le boîtier renverra l'appel",
    "caller_unknown": "le poste {caller} n'est pas dans les réglages",
    "short_number": "{number} est le numéro court de {to}",
    "extension": "{number} est un poste",
    "group": "{number} est un groupe d'appel",
    "called": "on appelle {number}",
    "hours_open": "pendant les heures d'ouverture « {schedule} », {number} va vers {to}",
    "hours_closed": "hors des heures d'ouverture « {schedule} », {number} va vers {to}",
    "hours_closed_holiday": "jour férié ({day}) : « {schedule} » est fermé, {number} va vers {to}",
    "hours_closed_exceptional": "jour particulier ({day}) : « {schedule} » est fermé, {number} va vers {to}",
    "hours_night": "service de nuit de « {schedule} » : {number} va vers {to}",
    "hours_night_holiday": "service de nuit de « {schedule} », jour férié ({day}) : {number} va vers {to}",
    "hours_night_exceptional": "service de nuit de « {schedule} », jour particulier ({day}) : {number} va vers {to}",
    "redirected": "{number} est renvoyé vers {to}",
    "forward_always": "renvoi du poste {number} vers {to}, toujours",
    "forward_busy": "renvoi du poste {number} vers {to} si occupé",
    "forward_no_answer": "renvoi du poste {number} vers {to} sans réponse",
    "overflow": "débordement du groupe {number} vers {to}",
    "goes_round": "renvoi de {number} vers {to} non suivi : l'appel tournerait en rond",
    "not_followed_unknown": "renvoi de {number} vers {to} non suivi : ce numéro n'existe pas ou ne se renvoie pas",
    "not_followed_right": "renvoi de {number} vers {to} non suivi : {number} n'a pas droit aux appels de type {kind}",
    "read_as": "{dialled} se lit {number}, appel de type {kind}",
    "by_prefix": "les lignes sont celles du préfixe {prefix}",
    "by_every_trunk": "toutes les lignes extérieures, dans l'ordre",
    "no_right": "le poste {caller} n'a pas droit aux appels de type {kind}",
    "no_such_number": "{number} n'est ni un poste, ni un groupe, ni un numéro qui existe dehors",
    "pickup_group": "interception d'un appel qui sonne dans le groupe « {group} »",
    "pickup_directed": "interception de l'appel qui sonne au poste {number}",
    "no_pickup_group": "le poste {caller} n'est dans aucun groupe d'interception",
}
