"""repli-town: the virtual town for a person. Exit codes: 0 done, 1 the town or its appliance is not well, 2 refused."""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from hil.rig.virtual.call import make_call
from hil.rig.virtual.keeper import Report
from hil.rig.virtual.network import NftRefused
from hil.rig.virtual.plan import TOWNS, BadName, Plan
from hil.rig.virtual.processes import Gone, is_running
from hil.rig.virtual.running import NoSuchFault, NoSuchTown, RunningTown, faults_of
from hil.rig.virtual.sip.phone import CallFailed
from hil.rig.virtual.state import read_state
from hil.rig.virtual.table import PARTS
from hil.rig.virtual.topology import add_topology
from hil.rig.virtual.town import clear_stale, is_locked
from hil.rig.virtual.waiting import TooLate, wait_for

SCHEMA = 1
DOWN_TIMEOUT_S = 30.0
UP_TIMEOUT_S = 150.0

Verb = Callable[[argparse.Namespace], int]


def main() -> None:
    """Entry point of the console script."""
    arguments = _parser().parse_args()
    if os.geteuid() != 0:
        _say("repli-town must run as root: it builds network namespaces")
        sys.exit(2)
    verb: Verb = arguments.verb
    try:
        sys.exit(verb(arguments))
    except (BadName, NoSuchTown, NoSuchFault, NftRefused, Gone, TooLate, FileNotFoundError) as error:
        _say(str(error))
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="repli-town", description="A town in network namespaces: a fallback building, two ISPs, a cloud, faults."
    )
    verbs = top.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Verb, says: str) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=says, description=says)
        parser.add_argument("--name", default="town", help="the town's name (town)")
        parser.set_defaults(verb=run)
        return parser

    up = verb("up", _up, "build a town and start the appliance in it; it stays until `down`")
    up.add_argument("--parts", type=_parts, help=f"comma-separated, of: {','.join(PARTS)} (all)")
    add_topology(up)
    up.add_argument("--without-appliance", action="store_true", help="build the town only")
    verb("down", _down, "take the town away")
    verb("status", _status, "what runs in the town").add_argument("--json", action="store_true")
    verb("faults", _faults, "what can go wrong in the town").add_argument("--json", action="store_true")
    verb("fault", _fault, "make something go wrong").add_argument("fault", metavar="FAULT")
    verb("heal", _heal, "put it right again").add_argument("fault", metavar="FAULT")
    call = verb("call", _call, "plug in telephones, call from one, say how it went")
    call.add_argument("caller", metavar="FROM", help="a phone of the building: 101, 102, 103")
    call.add_argument("called", metavar="TO", help="another one, or any number: 112")
    return top


def _parts(text: str) -> str:
    for name in filter(None, text.split(",")):
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"no part named {name}: there are {', '.join(PARTS)}")
    return text


def _up(arguments: argparse.Namespace) -> int:
    plan = Plan(arguments.name)
    TOWNS.mkdir(mode=0o755, exist_ok=True)
    log = _keeper_log(plan)
    command = [sys.executable, "-m", "hil.rig.virtual.keeper", plan.name, "--topology", arguments.topology]
    if arguments.parts is not None:
        command += ["--parts", arguments.parts]
    if arguments.without_appliance:
        command.append("--without-appliance")
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    try:
        report = _report(keeper)
    except ValidationError:
        keeper.terminate()
        keeper.wait(DOWN_TIMEOUT_S)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        _say(lines[-1] if lines else f"the town was not up within {UP_TIMEOUT_S:g} s")
        _say(f"(all of it: {log})")
        return 2
    except KeyboardInterrupt:
        keeper.terminate()
        keeper.wait(DOWN_TIMEOUT_S)
        return 130
    return _announce(RunningTown.attach(plan.name), report, with_appliance=not arguments.without_appliance)


def _report(keeper: subprocess.Popen[bytes]) -> Report:
    """The keeper's line. Raises ValidationError if it ended without one, or takes too long."""
    assert keeper.stdout is not None
    readable, _, _ = select.select([keeper.stdout], [], [], UP_TIMEOUT_S)
    return Report.model_validate_json(keeper.stdout.readline() if readable else b"")


def _announce(town: RunningTown, report: Report, *, with_appliance: bool) -> int:
    option = "" if town.name == "town" else f" --name {town.name}"
    parts = ", ".join(read_state(town.folder).parts) or "none"
    print(f"The town {town.name} is up; parts: {parts}.")
    print(f"  enter it           ip netns exec {town.namespace('lan')} bash      (also: {_others(town)})")
    if with_appliance:
        print(f"  the appliance      ip netns exec {town.namespace('edge')} env REPLI_ROOT={town.root} repli status")
    if report.page:
        print(f"  its pages          {report.page}")
    print(f"  telephone          repli-town call 101 102{option}     (also: 101 112)")
    print(f"  logs               {town.folder}/*.log")
    print(f"  break something    repli-town fault fibre-blackhole{option}     (all: repli-town faults{option})")
    print(f"  take it away       repli-town down{option}")
    if report.appliance_fault:
        _say(f"\nThe appliance is not ready:\n{report.appliance_fault}")
        return 1
    return 0


def _others(town: RunningTown) -> str:
    return ", ".join(town.namespace(role) for role in town.plan.roles if role != "lan")


def _down(arguments: argparse.Namespace) -> int:
    plan = Plan(arguments.name)
    try:
        owner = read_state(RunningTown.attach(plan.name).folder).owner
    except NoSuchTown:
        print(f"The town {plan.name} was not running" + ("; its remains are gone." if clear_stale(plan) else "."))
        _keeper_log(plan).unlink(missing_ok=True)
        return 0
    os.kill(owner, signal.SIGTERM)
    wait_for(lambda: not is_locked(plan), f"the town {plan.name} is still clearing up", DOWN_TIMEOUT_S)
    _keeper_log(plan).unlink(missing_ok=True)
    print(f"The town {plan.name} is gone.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    town = RunningTown.attach(arguments.name)
    state = read_state(town.folder)
    processes = [
        {
            "name": record.name,
            "namespace": record.namespace and town.namespace(record.namespace),
            "pid": record.pid,
            "running": is_running(record.pid, record.started),
            "log": str(town.folder / record.log),
        }
        for record in state.processes.values()
    ]
    if arguments.json:
        body = {"name": town.name, "owner": state.owner, "faults": state.faults, "processes": processes}
        print(json.dumps({"schema": SCHEMA, **body, "root": str(town.root)}, indent=2))
        return 0
    print(f"The town {town.name} runs (owner: process {state.owner}); faults: {', '.join(state.faults) or 'none'}.")
    for process in processes:
        word = "runs" if process["running"] else "ended"
        print(f"  {process['name']:<20} {process['namespace'] or '(the machine)':<22} {process['pid']:>7}  {word}")
    return 0


def _faults(arguments: argparse.Namespace) -> int:
    try:
        active = read_state(RunningTown.attach(arguments.name).folder).faults
        parts = read_state(Plan(arguments.name).folder).parts
    except NoSuchTown:
        active, parts = [], list(PARTS)
    faults = faults_of(parts)
    if arguments.json:
        listed = [{"name": name, "says": fault.says, "active": name in active} for name, fault in faults.items()]
        print(json.dumps({"schema": SCHEMA, "faults": listed}, indent=2))
        return 0
    for name, fault in faults.items():
        print(f"{'*' if name in active else ' '} {name:<20} {fault.says}")
    return 0


def _fault(arguments: argparse.Namespace) -> int:
    RunningTown.attach(arguments.name).fault(arguments.fault)
    return 0


def _heal(arguments: argparse.Namespace) -> int:
    RunningTown.attach(arguments.name).heal(arguments.fault)
    return 0


def _call(arguments: argparse.Namespace) -> int:
    try:
        print(make_call(RunningTown.attach(arguments.name), arguments.caller, arguments.called))
    except CallFailed as failure:
        _say(f"the call failed: {failure}")
        return 1
    return 0


def _keeper_log(plan: Plan) -> Path:
    return TOWNS / f"{plan.name}.log"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
