"""repli modem sim: the SIM of each modem, and saying that a new one is right."""

from __future__ import annotations

import argparse

from edge.cli.arguments import technician
from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import MODEM
from edge.shared.messages.modem_radio import ACCEPT_SIM, SIMS, AcceptSimParams, Sim
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def add_sim(verbs: Subjects) -> None:
    """Add the verb."""
    sim = verbs.add_parser("sim", help=_("la carte SIM de chaque modem"))
    sim.add_argument("--accept", metavar=_("MODEM"), help=_("confirmer la nouvelle carte de ce modem"))
    sim.add_argument("--json", action="store_true")
    sim.set_defaults(verb=show_sims)


async def show_sims(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 every SIM is usable (or there is no modem), 1 one is not, or there was no new SIM to accept."""
    if arguments.accept is not None:
        return await _accept(arguments, paths)
    result = await call_once(MODEM, paths.socket("modem"), SIMS, NoParams())
    if arguments.json:
        print_json(result)
    elif not result.sims:
        print(_("Aucun modem dans les réglages."))
    else:
        headings = (_("MODEM"), _("ÉTAT"), _("CARTE"), _("NUMÉRO"), _("CENTRE SMS"), _("ITINÉRANCE"), _("AVANT"))
        print_table(headings, [_row(sim) for sim in result.sims])
    return 0 if all(sim.usable for sim in result.sims) else 1


async def _accept(arguments: argparse.Namespace, paths: Paths) -> int:
    params = AcceptSimParams(modem=arguments.accept, actor=technician())
    result = await call_once(MODEM, paths.socket("modem"), ACCEPT_SIM, params)
    if arguments.json:
        print_json(result)
    elif result.accepted:
        print(_("La nouvelle carte du modem « {modem} » est confirmée.").format(modem=arguments.accept))
    else:
        print(_("Le modem « {modem} » n'a pas changé de carte.").format(modem=arguments.accept))
    return 0 if result.accepted else 1


def _row(sim: Sim) -> tuple[object, ...]:
    roaming = None if sim.roaming is None else _("oui") if sim.roaming else _("non")
    swapped = None
    if sim.swapped_at is not None:
        swapped = _("{iccid} jusqu'au {at}").format(iccid=sim.iccid_before or "?", at=moment(sim.swapped_at))
    centre = _("aucun") if sim.service_centre == "" else sim.service_centre
    return (sim.modem, _state(sim), sim.iccid or sim.imsi or None, sim.number, centre, roaming, swapped)


def _state(sim: Sim) -> str:
    if sim.barred:
        return _("SMS interdits")
    if sim.usable:
        return _("prête")
    return _(_SIM_TROUBLES.get(sim.trouble, "modem pas prêt"))


_SIM_TROUBLES: dict[str, str] = {
    "sim_missing": "absente",
    "sim_locked": "demande son code PIN",
    "sim_pin_wrong": "code PIN refusé",
    "sim_last_try": "un seul essai de code PIN",
    "sim_puk": "bloquée, code PUK demandé",
    "sim_other_lock": "refusée par le modem",
    "": "modem pas prêt",
}
