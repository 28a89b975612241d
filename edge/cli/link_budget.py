"""The data of the links for people: what was used, by class of flow, and what is stopped."""

from __future__ import annotations

import argparse

from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.words import _, figure
from edge.shared.messages.uplinks import BUDGET, UPLINKS, BudgetLevel, LinkBudget
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams

_SHOWN = ("rtp", "sip", "box", "bulk")


def add_budget(verbs: Subjects) -> None:
    """Add `repli uplinks budget`."""
    parser = verbs.add_parser("budget", help=_("données consommées ce mois-ci, et forfait restant"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=budget)


async def budget(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 enough is left everywhere, 1 some link's data is used up."""
    result = await call_once(UPLINKS, paths.socket("uplinks"), BUDGET, NoParams())
    code = 1 if any(link.level is BudgetLevel.USED for link in result.links) else 0
    if arguments.json:
        print_json(result)
        return code
    if not result.links:
        print(_("Aucun accès Internet dans les réglages."))
        return code
    headings = (
        _("ACCÈS"),
        _("DEPUIS LE"),
        _("VOIX"),
        _("SIGNALISATION"),
        _("BOÎTIER"),
        _("LE RESTE"),
        _("EN TOUT"),
        _("FORFAIT"),
        _("FIN DU MOIS"),
        _("ÉTAT"),
    )
    print_table(headings, [_row(link) for link in result.links])
    for link in result.links:
        if link.stopped:
            text = _("{link} ne porte plus que la téléphonie et ce que dit le boîtier, jusqu'au {day}.")
            print(text.format(link=link.link, day=link.next_month))
    return code


def _row(link: LinkBudget) -> tuple[object, ...]:
    by_class = {entry.flow_class: entry.in_bytes + entry.out_bytes for entry in link.classes}
    return (
        link.link,
        link.month,
        *(_size(by_class.get(name, 0)) for name in _SHOWN),
        _size(link.used_bytes),
        _size(link.budget_bytes),
        _size(link.forecast_bytes),
        _(_STATES[link.level]),
    )


def _size(size: int | None) -> str | None:
    if size is None:
        return None
    megabytes = size / 1_000_000
    return _("{figure} Mo").format(figure=figure(megabytes, 1 if megabytes < 100 else 0))


_STATES: dict[BudgetLevel, str] = {
    BudgetLevel.UNLIMITED: "sans limite",
    BudgetLevel.ENOUGH: "suffisant",
    BudgetLevel.NEARLY_USED: "presque épuisé",
    BudgetLevel.USED: "épuisé",
}
