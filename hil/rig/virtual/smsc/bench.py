"""The modem daemon with virtual gateways beside virtual modems: what tests and figures are made with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.shared.messages.modem import LIST, MODEM, GatewayEntry, GatewayState
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams
from hil.rig.virtual.modem.bench import SETTINGS, ModemBench
from hil.rig.virtual.smsc.centre import Centre

# Impatient, as the modems' times are.
GATEWAY = {"account": "mairie", "password": "secret", "sender": "MAIRIE", "answer_timeout_s": 1.5, "enquire_s": 1.0}


@dataclass
class GatewayBench(ModemBench):
    """One appliance's modem daemon with as many virtual modems and SMS centres as asked for."""

    centres: list[Centre] = field(default_factory=list)

    def add_centre(self, **options: Any) -> Centre:
        """Start another SMS centre; options as at the head of smsc.js."""
        centre = Centre(self.root.folder, f"g{len(self.centres) + 1}", options=options)
        self.centres.append(centre)
        centre.start()
        return centre

    def write_gateways(
        self, rules: Sequence[str] = (), *, report_window_s: float = SETTINGS["report_window_s"], **entry: Any
    ) -> None:
        """site.toml with all centres and modems; rules: further lines of the section; entry: of each gateway."""
        times = {**SETTINGS, "report_window_s": report_window_s}
        lines = ["[modem]", *(f"{name} = {value}" for name, value in times.items()), *rules]
        for number, modem in enumerate(self.modems, start=1):
            lines += ["[[modem.devices]]", f'name = "m{number}"', f'device = "{modem.link}"']
        for centre in self.centres:
            values = {"name": centre.name, "host": "127.0.0.1", "port": centre.port, **GATEWAY, **entry}
            lines += ["[[modem.gateways]]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
        self.root.write_site("\n".join(lines) + "\n")

    def write_http(self, entry: str) -> None:
        """site.toml with all modems and one HTTP gateway h1; entry: lines of it."""
        lines = ["[modem]", *(f"{name} = {value}" for name, value in SETTINGS.items())]
        for number, modem in enumerate(self.modems, start=1):
            lines += ["[[modem.devices]]", f'name = "m{number}"', f'device = "{modem.link}"']
        self.root.write_site("\n".join([*lines, "[[modem.gateways]]", 'name = "h1"', 'kind = "http"', entry, ""]))

    def gateways(self) -> list[GatewayEntry]:
        """The gateways as the daemon shows them."""
        return asyncio.run(call_once(MODEM, self.root.paths.socket("modem"), LIST, NoParams())).gateways

    def wait_bound(self) -> None:
        """Return when every gateway is ready. Raises TooLong."""
        self.wait(lambda: {entry.state for entry in self.gateways()} == {GatewayState.READY})

    def stop(self) -> None:
        """End the modems and the centres."""
        super().stop()
        for centre in self.centres:
            centre.stop()


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
