"""The process of one virtual modem: its options, its control socket, its end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
from pathlib import Path

from hil.rig.virtual.modem.handsets import Rule
from hil.rig.virtual.modem.interpreter import Traits
from hil.rig.virtual.modem.memory import STORAGES
from hil.rig.virtual.modem.modem import VirtualHardware
from hil.rig.virtual.modem.network import Behaviour
from hil.rig.virtual.modem.personalities import PERSONALITIES


def main() -> None:
    """Serve until SIGTERM."""
    options = _parser().parse_args()
    asyncio.run(_serve(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hil.rig.virtual.modem", description=__doc__)
    parser.add_argument("--link", type=Path, required=True, help="where the AT port stands")
    parser.add_argument("--log", type=Path, required=True, help="what the network accepted: JSON lines, appended")
    parser.add_argument("--control", type=Path, required=True, help="Unix socket for faults and rules: JSON lines")
    parser.add_argument("--personality", choices=PERSONALITIES, default="plain", help="the make of modem")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds for each part")
    parser.add_argument("--accept-at", type=float, default=0.5, help="share of it after which the network has the part")
    parser.add_argument("--command-latency", type=float, default=0.0, help="seconds for any other command")
    parser.add_argument("--report-after", type=float, default=0.3, help="seconds until the phone has it")
    parser.add_argument("--report-status", type=int, default=0, help="TP-ST of every report")
    parser.add_argument("--no-reports", action="store_true")
    parser.add_argument("--national-reports", action="store_true", help="reports name +336... as 06...")
    parser.add_argument("--reports-in", choices=STORAGES, default="ME")
    parser.add_argument("--first-reference", type=int, default=0, help="first TP-MR")
    parser.add_argument("--unknown", default="(?!)", help="regular expression: commands answered with ERROR")
    parser.add_argument("--keeps-echo", action="store_true", help="ATE0 changes nothing")
    parser.add_argument("--rules", default="[]", help="JSON list of reply rules")
    parser.add_argument("--unplugged", action="store_true", help="start without the device")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    modem = VirtualHardware(
        options.link,
        options.log,
        Traits(
            options.latency,
            options.accept_at,
            options.command_latency,
            options.unknown,
            options.keeps_echo,
            options.personality,
        ),
        Behaviour(options.report_after, not options.no_reports, options.national_reports, options.report_status),
        [Rule(**rule) for rule in json.loads(options.rules)],
        options.first_reference,
        options.reports_in,
    )
    if not options.unplugged:
        modem.plug()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            while line := await reader.readline():
                try:
                    answer = await modem.obey(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    answer = {"error": f"{type(error).__name__}: {error}"}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()

    options.control.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(control, str(options.control))
    print(f"modem at {options.link}", flush=True)
    async with server:
        await stop.wait()
    modem.unplug()
    options.control.unlink(missing_ok=True)
