"""repli modem status: each modem and gateway as it is, and following them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from edge.cli.main import Subjects
from edge.cli.output import local_time, print_json, print_json_line, print_table
from edge.cli.words import _
from edge.shared.clock import SystemClock, utc_text
from edge.shared.messages.modem import LIST, MODEM, GatewayEntry, GatewayState, Modem, ModemsResult, ModemState
from edge.shared.paths import Paths
from edge.shared.varlink import Unreachable, call_once
from edge.shared.varlink_idl import NoParams

LOOK_EVERY_S = 1.0


def add_status(verbs: Subjects) -> None:
    """Add the verb."""
    status = verbs.add_parser("status", help=_("les modems tels qu'ils sont"))
    status.add_argument("--follow", action="store_true", help=_("rester, et montrer ce qui change"))
    status.add_argument("--json", action="store_true")
    status.set_defaults(verb=show_status)


async def show_status(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 a modem or a gateway is ready or none is set, 1 none is ready."""
    result = await _listed(paths)
    if arguments.follow:
        await _follow(result, arguments, paths)
    elif arguments.json:
        print_json(result)
    else:
        _print(result)
    return _code(result)


async def _follow(result: ModemsResult, arguments: argparse.Namespace, paths: Paths) -> None:
    """Everything again whenever something changed; with --json one object a line. A daemon that dies is waited for."""
    shown: ModemsResult | None = None
    while True:
        if result != shown:
            if arguments.json:
                print_json_line(result)
            else:
                print(local_time(utc_text(SystemClock().now())))
                _print(result)
                print(flush=True)
            shown = result
        await asyncio.sleep(LOOK_EVERY_S)
        with contextlib.suppress(Unreachable):
            result = await _listed(paths)


async def _listed(paths: Paths) -> ModemsResult:
    return await call_once(MODEM, paths.socket("modem"), LIST, NoParams())


def _code(result: ModemsResult) -> int:
    ready = any(modem.state is ModemState.READY for modem in result.modems) or any(
        gateway.state is GatewayState.READY for gateway in result.gateways
    )
    return 1 if (result.modems or result.gateways) and not ready else 0


def _print(result: ModemsResult) -> None:
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
