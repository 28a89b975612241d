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
    parser.add_argument("--seed", type=int, default=0, help="of all that is left to chance")
    parser.add_argument("--unplugged", action="store_true", help="start without the device")
    parser.add_argument("--arm", action="append", default=[], metavar="FAULT=N", help="a fault of faults.py")
    parser.add_argument("--do", action="append", default=[], metavar="JSON", help="a line of the control socket")

    times = parser.add_argument_group("times, in seconds; without --realistic it is as quick as can be")
    times.add_argument("--realistic", action="store_true", help="the times of the make, unless given below")
    times.add_argument("--latency", type=float, help="for each part, from Ctrl-Z to +CMGS (0.05)")
    times.add_argument("--accept-at", type=float, default=0.5, help="share of it after which the network has the part")
    times.add_argument("--more-messages", type=float, default=1.0, help="share of it while AT+CMMS keeps the link up")
    times.add_argument("--prompt-latency", type=float, help="from AT+CMGS to the prompt")
    times.add_argument("--command-latency", type=float, help="for any command")
    times.add_argument("--list-latency", type=float, help="for each entry listed")
    times.add_argument("--delete-latency", type=float, help="for each AT+CMGD")
    times.add_argument("--boot", type=float, help="share of the time that the make takes for its boot (0.05)")

    modem = parser.add_argument_group("the modem")
    modem.add_argument("--unknown", default="(?!)", help="regular expression: commands answered with ERROR")
    modem.add_argument("--keeps-echo", action="store_true", help="ATE0 changes nothing")
    modem.add_argument("--capacity", action="append", default=[], metavar="ME=N", help="places; 0: not there")
    modem.add_argument("--storage", choices=STORAGES, help="selected at power-up")
    modem.add_argument("--reports-in", choices=STORAGES, help="where reports are stored")
    modem.add_argument("--drops-unrouted", action="store_true", help="reports are lost while CNMI ds=0")
    modem.add_argument("--first-reference", type=int, default=0, help="first TP-MR")
    modem.add_argument("--part-references", action="store_true", help="TP-MR is what the part says")

    network = parser.add_argument_group("the network")
    network.add_argument("--report-after", type=float, default=0.3, help="seconds until the phone has it")
    network.add_argument("--report-status", type=int, default=0, help="TP-ST of every report")
    network.add_argument("--report-first", type=int, help="TP-ST of a report before that, as 48: still trying")
    network.add_argument("--no-reports", action="store_true")
    network.add_argument("--national-reports", action="store_true", help="reports name +336... as 06...")
    network.add_argument("--retry-after", type=float, default=0.2, help="seconds until it brings what was not taken")
    network.add_argument("--rules", default="[]", help="JSON list of reply rules")
    return parser


def _traits(options: argparse.Namespace) -> Traits:
    real = PERSONALITIES[options.personality].times

    def time(given: float | None, realistic: float, quick: float = 0.0) -> float:
        return given if given is not None else realistic if options.realistic else quick

    return Traits(
        submit_s=time(options.latency, real.submit_s, 0.05),
        accept_at=options.accept_at,
        command_s=time(options.command_latency, real.command_s),
        unknown=options.unknown,
        keeps_echo=options.keeps_echo,
        personality=options.personality,
        prompt_s=time(options.prompt_latency, real.prompt_s),
        list_s=time(options.list_latency, real.list_s),
        delete_s=time(options.delete_latency, real.delete_s),
        boot_share=time(options.boot, 1.0, 0.05),
        more_messages=options.more_messages,
        own_references=not options.part_references,
        reports_in=options.reports_in,
        drops_unrouted=options.drops_unrouted,
        storage=options.storage,
        capacity={name: int(places) for name, _, places in (given.partition("=") for given in options.capacity)},
    )


async def _serve(options: argparse.Namespace) -> None:
    modem = VirtualHardware(
        options.link,
        options.log,
        _traits(options),
        Behaviour(
            options.report_after,
            not options.no_reports,
            options.national_reports,
            options.report_status,
            options.report_first,
            options.retry_after,
        ),
        [Rule(**rule) for rule in json.loads(options.rules)],
        options.first_reference,
        options.seed,
    )
    for line in options.do:
        await modem.obey(json.loads(line))
    if not options.unplugged:
        modem.plug()
    for given in options.arm:
        name, _, value = given.partition("=")
        modem.armed.arm(name, float(value or 1))
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
