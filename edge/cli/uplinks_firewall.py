"""repli uplinks firewall, isolate: what may pass, for a technician, and cutting the staff's network off."""

from __future__ import annotations

import argparse
import uuid
from typing import TYPE_CHECKING

from edge.cli.arguments import line_up_to, technician
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.common import REASON_MAX, REQUEST_ID_MAX
from edge.shared.messages.uplinks import UPLINKS
from edge.shared.messages.uplinks_firewall import (
    FIREWALL,
    ISOLATE,
    FirewallParams,
    FirewallState,
    FirewallZone,
    IsolateParams,
    Isolation,
    Opening,
)
from edge.shared.model import ZoneRole
from edge.shared.varlink import call_once

if TYPE_CHECKING:
    from edge.cli.main import Subjects
    from edge.shared.paths import Paths


def add(verbs: Subjects) -> None:
    """Add the verbs to `repli uplinks`."""
    wall = verbs.add_parser("firewall", help=_("le pare-feu : ce qui peut passer, ce qui a été refusé"))
    wall.add_argument("--nft", action="store_true", help=_("les règles elles-mêmes, telles que le noyau les applique"))
    wall.add_argument("--json", action="store_true")
    wall.set_defaults(verb=firewall)
    cutting = verbs.add_parser("isolate", help=_("couper les bureaux de tout, en une fois"))
    cutting.add_argument("zone", nargs="?", metavar=_("RÉSEAU"), help=_("un seul réseau (tous les bureaux)"))
    cutting.add_argument(
        "--reason", type=line_up_to(REASON_MAX), metavar=_("MOTIF"), help=_("pourquoi ; affiché partout")
    )
    cutting.add_argument("--end", action="store_true", help=_("le danger est passé : rétablir"))
    cutting.add_argument(
        "--request-id", type=line_up_to(REQUEST_ID_MAX), metavar="ID", help=_("deux fois le même : une seule demande")
    )
    cutting.add_argument("--json", action="store_true")
    cutting.set_defaults(verb=isolate)


async def firewall(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 in force as set, 1 the kernel refused the newest rules."""
    params = FirewallParams(rules=arguments.nft)
    state = await call_once(UPLINKS, paths.socket("uplinks"), FIREWALL, params)
    code = 0 if state.refused is None else 1
    if arguments.json:
        print_json(state)
    elif arguments.nft:
        print(state.rules, end="")
    else:
        _print_state(state)
    return code


async def isolate(arguments: argparse.Namespace, paths: Paths) -> int:
    """Cut the staff's zones off, or end that."""
    params = IsolateParams(
        on=not arguments.end,
        zones=[arguments.zone] if arguments.zone else [],
        reason=arguments.reason or "",
        request_id=arguments.request_id or str(uuid.uuid4()),
        actor=technician(),
    )
    result = await call_once(UPLINKS, paths.socket("uplinks"), ISOLATE, params)
    if arguments.json:
        print_json(result)
    elif result.isolation is None:
        print(_("Aucun réseau n'est isolé."))
    else:
        print(isolation_sentence(result.isolation))
    return 0


def isolation_sentence(isolation: Isolation) -> str:
    """What is cut off, in words."""
    text = _("Isolé depuis le {since} (UTC) par {author} : {zones}. Motif : {reason}")
    return text.format(
        since=moment(isolation.since),
        author=isolation.author,
        zones=", ".join(isolation.zones),
        reason=isolation.reason,
    )


def _print_state(state: FirewallState) -> None:
    if state.refused is not None:
        print(_("Le système a refusé les dernières règles ({reason}).").format(reason=state.refused))
    if state.applied_at is None:
        print(_("Aucun pare-feu : pas d'accès Internet dans les réglages, ou règles refusées."))
        return
    text = _(
        "Pare-feu en vigueur depuis le {since} (UTC). D'Internet n'entre que ce qui répond à une demande de l'intérieur."
    )
    print(text.format(since=moment(state.applied_at)))
    if state.isolation is not None:
        print(isolation_sentence(state.isolation))
    print()
    _print_zones(state.zones)
    print()
    _print_openings(state.openings)
    print()
    rows = [(entry.link or _("intérieur"), entry.packets, entry.octets) for entry in state.dropped]
    print_table((_("REFUSÉ VENANT DE"), _("PAQUETS"), _("OCTETS")), rows)


def _print_zones(zones: list[FirewallZone]) -> None:
    if not zones:
        print(_("Un seul réseau de confiance : toutes les interfaces qui ne sont pas des accès Internet."))
        return
    headings = (_("RÉSEAU"), _("INTERFACE"), _("PEUT ATTEINDRE"), _("ADRESSES"))
    print_table(headings, [_zone_row(zone) for zone in zones])


def _zone_row(zone: FirewallZone) -> tuple[object, ...]:
    reach = _("ISOLÉ : le boîtier pour téléphoner, rien d'autre") if zone.isolated else _(_REACH[ZoneRole(zone.role)])
    return zone.name, zone.interface, reach, ", ".join(zone.networks) or _("celles de l'interface")


def _print_openings(openings: list[Opening]) -> None:
    if not openings:
        print(_("Rien n'est ouvert depuis Internet."))
        return
    headings = (_("OUVERT"), _("PORTS"), _("DEPUIS"), _("PAR"), _("VERS"))
    print_table(headings, [_opening_row(entry) for entry in openings])


def _opening_row(entry: Opening) -> tuple[object, ...]:
    target = entry.to or _("le boîtier")
    return (
        entry.name,
        f"{', '.join(entry.ports)}/{entry.protocol}",
        ", ".join(entry.sources) or _("tout Internet"),
        ", ".join(entry.links) or _("tous les accès"),
        f"{target}:{entry.to_port}" if entry.to_port is not None else target,
    )


_REACH: dict[ZoneRole, str] = {
    ZoneRole.STAFF: "Internet, le boîtier, la voix des autres réseaux",
    ZoneRole.CRISIS: "Internet, le boîtier, la voix des autres réseaux",
    ZoneRole.PHONES: "le boîtier, la téléphonie et l'approvisionnement sur Internet, la voix des autres réseaux",
    ZoneRole.GUEST: "Internet, les numéros d'urgence",
}
