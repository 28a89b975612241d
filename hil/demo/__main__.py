"""scripts/demo: the whole appliance in its virtual town, through one bad night."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from hil.demo.alert import PIN
from hil.demo.sabotage import CAN_BE_BROKEN, hang
from hil.demo.stage import Stage
from hil.demo.story import STEPS
from hil.demo.timeline import StepFailed, Timeline
from hil.rig.virtual.plan import BadName, Topology
from hil.rig.virtual.running import ApplianceNotReady
from hil.rig.virtual.topology import add_topology
from hil.rig.virtual.town import Town, TownLives
from hil.rig.virtual.waiting import TooLate

READY_TIMEOUT_S = 60.0


def main() -> int:
    """Tell the story; 0 when every step came true, 1 when one did not."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    timeline = Timeline()
    try:
        with Town(arguments.name, topology=Topology(arguments.topology)) as town:
            served = _live(Stage(town, timeline), arguments.sabotage)
            if served and not arguments.headless:
                _stay(town)
    except BadName as error:
        print(error, file=sys.stderr)
        return 2
    except TownLives as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nthe town is taken down", flush=True)
    if arguments.json:
        timeline.write_json(arguments.json, sabotage=arguments.sabotage)
    return 0 if timeline.passed else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="end after the story instead of serving the page")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every step and figure to FILE")
    parser.add_argument("--sabotage", choices=CAN_BE_BROKEN, help="hang this daemon: the demo must turn red")
    parser.add_argument("--name", default="demo", help="name of the town (several can run side by side)")
    add_topology(parser)
    return parser.parse_args()


def _live(stage: Stage, sabotage: str | None) -> bool:
    """Returns whether there is an appliance to look at."""
    stage.timeline.note("the town is up: building, two internet links, the operator's cloud, a mobile network")
    stage.town.start_appliance()
    try:
        stage.town.wait_ready(READY_TIMEOUT_S)
    except ApplianceNotReady as failure:
        stage.timeline.fail("ready", str(failure))
        return False
    stage.timeline.record("ready", "the appliance is ready: every daemon as its own user", [])
    if sabotage:
        hang(stage.town, sabotage)
        stage.timeline.note(f"SABOTAGE: {sabotage} hangs from here on")
    for step in STEPS:
        try:
            step(stage)
        except (StepFailed, TooLate) as failure:
            stage.timeline.fail(step.__name__, f"{step.__doc__}\n             NOT TRUE: {failure}")
        if not stage.timeline.passed:
            stage.timeline.note("the story ends here: a step did not come true")
            return True
    stage.timeline.note("the night is over, every step came true")
    return True


def _stay(town: Town) -> None:
    port = town.forward()
    print(f"\n  The page:  http://127.0.0.1:{port}/   PIN {PIN}   (Ctrl-C ends the town)\n", flush=True)
    signal.pause()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
