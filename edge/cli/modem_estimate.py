"""repli modem estimate: how long messages would take and what the SIMs' plans allow, before anything is sent."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import ESTIMATE, MODEM, EstimateParams, EstimateResult, SimEstimate, SmsSeverity
from edge.shared.paths import Paths
from edge.shared.sms_length import measure
from edge.shared.varlink import call_once


def add_estimate(verbs: Subjects) -> None:
    """Add the verb."""
    wanted = verbs.add_parser("estimate", help=_("durée et forfait d'un envoi, avant d'envoyer"))
    wanted.add_argument("--recipients", type=count_up_to(1_000_000), required=True, metavar=_("NOMBRE"))
    size = wanted.add_mutually_exclusive_group()
    size.add_argument("--text", metavar=_("TEXTE"), help=_("le message, pour compter ses parties"))
    size.add_argument("--parts", type=count_up_to(255), metavar=_("NOMBRE"), help=_("parties de chaque message (1)"))
    wanted.add_argument("--severity", choices=[each.value for each in SmsSeverity], default=SmsSeverity.URGENT.value)
    wanted.add_argument("--json", action="store_true")
    wanted.set_defaults(verb=estimate)


async def estimate(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 it can be sent, 1 no modem is ready, it is too slow, or the plans do not allow it."""
    parts = measure(arguments.text).segments if arguments.text else arguments.parts or 1
    params = EstimateParams(recipients=arguments.recipients, parts_each=parts, severity=SmsSeverity(arguments.severity))
    result = await call_once(MODEM, paths.socket("modem"), ESTIMATE, params)
    if arguments.json:
        print_json(result)
    else:
        _print(result)
    return 0 if _ready(result) and not result.over_limit and not result.too_late else 1


def _print(result: EstimateResult) -> None:
    if result.minutes is None:
        print(_("Aucun modem dans les réglages."))
        return
    print(_("{parts} parties à envoyer : {time}.").format(parts=result.parts, time=in_words(result.minutes)))
    if result.parts_before:
        print(_("Dont l'attente de {parts} parties qui passent avant.").format(parts=result.parts_before))
    if result.too_late:
        print(
            _("Trop lent : {messages} SMS ne partiraient pas à temps et seraient abandonnés (trop tard).").format(
                messages=result.too_late
            )
        )
    if not _ready(result):
        print(_("Aucun modem n'est prêt : ce serait la durée une fois prêts."))
    if result.over_limit:
        print(_("Le forfait ne suffit pas : {people} personnes de trop ce mois-ci.").format(people=result.over_limit))
    if result.over_usual:
        print(
            _("Attention : {people} personnes au-delà de ce que les opérateurs acceptent d'habitude par mois.").format(
                people=result.over_usual
            )
        )
    headings = (_("MODEM"), _("S/PARTIE"), _("SANS ATTENTE"), _("PUIS PAR MIN"), _("PERSONNES CE MOIS"), _("RESTE"))
    print_table(headings, [_row(sim) for sim in result.sims])


def in_words(minutes: float) -> str:
    """About how long, as people say it."""
    whole = round(minutes)
    if whole < 1:
        return _("moins d'une minute")
    if whole < 60:
        return _("environ {minutes} min").format(minutes=whole)
    hours = round(minutes / 60)
    if hours < 48:
        return _("environ {hours} h {minutes:02d}").format(hours=whole // 60, minutes=whole % 60)
    return _("environ {days} jours").format(days=round(hours / 24))


def _row(sim: SimEstimate) -> tuple[object, ...]:
    at_once = _("tout") if sim.at_once is None else int(sim.at_once)
    left = _("non limité") if sim.recipients_left is None else sim.recipients_left
    return (sim.modem, sim.part_s, at_once, sim.per_minute, sim.recipients_this_month, left)


def _ready(result: EstimateResult) -> bool:
    return any(sim.ready for sim in result.sims)
