"""repli voice stats: the calls of a day."""

from __future__ import annotations

import argparse

from edge.cli.arguments import text_like
from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.sparkline import counts_line
from edge.cli.voice_trunks import way_words
from edge.cli.words import _, figure
from edge.shared.logs import mask_numbers
from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_calls import CALL_STATS, DAY, Count, StatsParams, StatsResult
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_stats(verbs: Subjects) -> None:
    """Add the verb."""
    stats = verbs.add_parser("stats", help=_("les appels d'une journée, comptés"))
    form = _("AAAA-MM-JJ")
    stats.add_argument("--day", type=text_like(DAY, form), metavar=form, help=_("quelle journée (aujourd'hui)"))
    stats.add_argument("--json", action="store_true")
    stats.set_defaults(verb=show_stats)


async def show_stats(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 shown."""
    counted = await call_once(VOICE, paths.socket("voice"), CALL_STATS, StatsParams(day=arguments.day))
    # Who calls an emergency number may call himself by any number.
    stats = counted.model_copy(update={"extensions": [_masked(one) for one in counted.extensions]})
    if arguments.json:
        print_json(stats)
        return 0
    _print(stats)
    return 0


def _masked(one: Count) -> Count:
    return one.model_copy(update={"name": mask_numbers(one.name)})


def _print(stats: StatsResult) -> None:
    headings = (_("JOUR"), _("ENTRANTS"), _("SORTANTS"), _("INTERNES"), _("RÉPONDUS"), _("MANQUÉS"), _("URGENCES"))
    counted = (stats.incoming, stats.outgoing, stats.inside, stats.answered, stats.missed, stats.emergencies)
    print_table(headings, [(stats.day, *counted)])
    if stats.answer_mean_s is not None and stats.answer_p95_s is not None:
        waited = _("Temps de réponse : {mean} s en moyenne, 95 % en moins de {p95} s.")
        print(waited.format(mean=figure(stats.answer_mean_s), p95=figure(stats.answer_p95_s)))
    if stats.busiest_hour is not None:
        line = counts_line(stats.hours)
        print(
            _("De 0 h à 24 h : {line} ; heure la plus chargée : {hour} h.").format(line=line, hour=stats.busiest_hour)
        )
    _print_counts(_("POSTE"), (_("APPELS FAITS"), _("RÉPONDUS"), _("MANQUÉS")), stats.extensions)
    _print_counts(_("GROUPE"), (_("APPELS"), _("RÉPONDUS"), _("MANQUÉS")), stats.dialled)
    _print_counts(_("LIGNE"), (_("SORTANTS"), _("ENTRANTS RÉPONDUS"), _("ÉCHECS")), stats.trunks)


def _print_counts(what: str, headings: tuple[str, str, str], counts: list[Count]) -> None:
    if counts:
        print()
        rows = [(way_words(one.name), one.made, one.answered, one.missed) for one in counts]
        print_table((what, *headings), rows)
