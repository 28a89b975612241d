"""repli uplinks probe: every target asked once, now, and what it said."""

from __future__ import annotations

import argparse

from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.words import _, figure
from edge.shared.messages.uplinks import PROBE, UPLINKS, ProbeOutcome, ProbeParams, TargetProbed
from edge.shared.paths import Paths
from edge.shared.varlink import call_once


def add_probe(verbs: Subjects) -> None:
    """Add `repli uplinks probe`."""
    parser = verbs.add_parser("probe", help=_("interroger maintenant chaque cible, et dire ce qu'elle répond"))
    parser.add_argument("link", nargs="?", metavar=_("ACCÈS"), help=_("un seul accès (tous)"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=probe)


async def probe(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 every target of every link answered as expected, 1 not all."""
    result = await call_once(UPLINKS, paths.socket("uplinks"), PROBE, ProbeParams(link=arguments.link))
    outcomes = [target.outcome for link in result.links for target in link.targets]
    asked = all(link.targets for link in result.links)
    code = 0 if asked and all(outcome is ProbeOutcome.ANSWERED for outcome in outcomes) else 1
    if arguments.json:
        print_json(result)
        return code
    rows = [(link.link, *_row(target)) for link in result.links for target in link.targets]
    if rows:
        print_table((_("ACCÈS"), _("SONDE"), _("CIBLE"), _("RÉPONSE"), _("DÉLAI"), _("REÇU")), rows)
    for link in result.links:
        if link.wait_s:
            text = _("Accès « {link} », payé au volume : interrogé il y a moins d'une minute. Réessayez dans {wait} s.")
            print(text.format(link=link.link, wait=link.wait_s))
        elif not link.targets:
            print(_("Accès « {link} » : aucune cible dans les réglages.").format(link=link.link))
    if not result.links:
        print(_("Aucun accès Internet dans les réglages."))
    return code


def _row(target: TargetProbed) -> tuple[object, ...]:
    return (
        target.kind,
        target.host if target.port is None else f"{target.host}:{target.port}",
        _(_ANSWERS[target.outcome]),
        None if target.rtt_ms is None else f"{figure(target.rtt_ms)} ms",
        target.got or None,
    )


_ANSWERS: dict[ProbeOutcome, str] = {
    ProbeOutcome.ANSWERED: "bonne",
    ProbeOutcome.TIMEOUT: "aucune",
    ProbeOutcome.REFUSED: "refus",
    ProbeOutcome.WRONG: "fausse",
    ProbeOutcome.UNSENT: "pas partie",
}
