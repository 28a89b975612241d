"""repli modem status: each modem as it is."""

from __future__ import annotations

import argparse

from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.words import _
from edge.shared.messages.modem import LIST, MODEM, GatewayEntry, GatewayState, Modem, ModemState
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def add_status(verbs: Subjects) -> None:
    """Add the verb."""
    status = verbs.add_parser("status", help=_("les modems tels qu'ils sont"))
    status.add_argument("--json", action="store_true")
    status.set_defaults(verb=show_status)


async def show_status(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 a modem or a gateway is ready or none is set, 1 none is ready."""
    result = await call_once(MODEM, paths.socket("modem"), LIST, NoParams())
    ready = any(modem.state is ModemState.READY for modem in result.modems) or any(
        gateway.state is GatewayState.READY for gateway in result.gateways
    )
    code = 1 if (result.modems or result.gateways) and not ready else 0
    if arguments.json:
        print_json(result)
        return code
    if not result.modems and not result.gateways:
        print(_("Aucun modem dans les réglages."))
    if result.modems:
        headings = (_("MODEM"), _("PORT"), _("ÉTAT"), _("OPÉRATEUR"), _("RÉCEPTION"), _("EN ATTENTE"))
        print_table(headings, [_row(modem) for modem in result.modems])
    if result.gateways:
        print_table(
            (_("PASSERELLE"), _("ADRESSE"), _("ÉTAT"), _("EN COURS")),
            [_gateway_row(gateway) for gateway in result.gateways],
        )
    return code


def _row(modem: Modem) -> tuple[object, ...]:
    signal = None if modem.signal_dbm is None else f"{modem.signal_dbm} dBm"
    return (modem.name, modem.device, _(_MODEM_STATES[modem.state]), modem.operator, signal, modem.queued)


def _gateway_row(gateway: GatewayEntry) -> tuple[object, ...]:
    return (gateway.name, gateway.address, _(_STATES[gateway.state]), gateway.in_flight)


_STATES: dict[GatewayState, str] = {
    GatewayState.CONNECTING: "se connecte",
    GatewayState.READY: "prête",
    GatewayState.SLOWED: "saturée",
    GatewayState.UNREACHABLE: "injoignable",
    GatewayState.REFUSED: "compte refusé",
}

_MODEM_STATES: dict[ModemState, str] = {
    ModemState.ABSENT: "absent",
    ModemState.STARTING: "démarre",
    ModemState.READY: "prêt",
    ModemState.FAILED: "en panne",
}
