"""How soon a call gets through again after Kamailio is killed (SIGKILL), as the two phones see it.

Each repeat is a town of its own with `repli run` and 200 extensions: a first crash, whose supervisor does not wait as it
does for one that crashes again and again. With the cloud PBX up, and with it lost before. The caller dials every 50 ms from the
kill on; neither phone registers again. A part of scripts/bench-voice.
"""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass, field
from statistics import median

from hil.rig.virtual.inside import inside
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.sip.redial import PATIENCE_S, Redialler
from hil.rig.virtual.sip.wire import Hand, Wire
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

PROMISED_S = 2.0
WORLDS = {"up": "cloud PBX up", "lost": "cloud PBX lost"}
EXTENSIONS = 200
OLD_S = 1.5  # seconds since the phones registered: a second is promised


@dataclass
class Figures:
    """Seconds from the kill to the first call through, kill after kill; None: none within PATIENCE_S."""

    back: dict[str, list[float | None]] = field(default_factory=lambda: {world: [] for world in WORLDS})

    @property
    def kept(self) -> bool:
        """Whether the promise is, in both worlds."""
        return all(one is not None and one <= PROMISED_S for answers in self.back.values() for one in answers)


def measure(repeats: int) -> Figures:
    """So many towns for each world."""
    figures = Figures()
    for _ in range(repeats):
        for world, answers in figures.back.items():
            with Town("benchkill", parts=["targets", "pbx"]) as town:
                answers.append(kill_once(town, lost=world == "lost"))
            print(f"  kill -9, {WORLDS[world]}: {shown(answers[-1])}", flush=True)
    return figures


def kill_once(town: RunningTown, *, lost: bool) -> float | None:
    """Start, register, kill; seconds until a call is through."""
    town.write_site(town.site_document() + more_extensions(EXTENSIONS - len(town.plan.phones)))
    town.start_appliance(only="settings,uplinks,voice")
    town.wait_ready()
    phones = redialler(town)
    phones.register()
    if lost:
        town.fault("pbx-frozen")
        wait_for(lambda: mode(town) == "local", "the cloud PBX found lost", 30, every=0.3)
    time.sleep(OLD_S)
    if phones.until_through(time.monotonic()) is None:
        raise RuntimeError("no call gets through before the kill")
    phones.settle()  # so that no answer of before counts
    run = json.loads((town.root / "run/repli/run.json").read_bytes())
    begun = time.monotonic()
    # With its workers, as the supervisor would some milliseconds later: in between a call might still get through.
    os.killpg(run["daemons"]["kamailio"]["pid"], signal.SIGKILL)
    return phones.until_through(begun)


def redialler(town: RunningTown) -> Redialler:
    """The town's first two phones, played by hand."""
    box = (town.plan.edge_lan, town.plan.sip_port)
    hands = []
    with inside(town.namespace("lan")):
        for phone in town.plan.phones[:2]:
            wire = Wire(phone.address)
            hands.append(Hand(wire, phone.number, phone.password, town.plan.sip_domain, box))
    return Redialler(*hands)


def mode(town: RunningTown) -> str:
    """Who serves the phones."""
    return str(json.loads(town.repli("voice", "mode", "--json").stdout)["mode"])


def more_extensions(count: int) -> str:
    """So many more, which nobody uses."""
    numbers = range(2000, 2000 + count)
    return "".join(f'\n[[voice.extensions]]\nnumber = "{number}"\npassword = "poste-{number}"\n' for number in numbers)


def shown(answer: float | None) -> str:
    """In words."""
    return f"no call within {PATIENCE_S:g} s" if answer is None else f"{answer:.3f} s"


def print_table(figures: Figures) -> None:
    """Median and largest beside the promise."""
    print("\nkill -9 of Kamailio under `repli run`, to the first call through")
    for world, answers in figures.back.items():
        good = [one for one in answers if one is not None]
        says = f"median {median(good):.3f} s, max {max(good):.3f}" if good else "no call"
        print(f"  {WORLDS[world]} ({len(good)}/{len(answers)}): {says}; promised {PROMISED_S:.1f}")
    print("kept" if figures.kept else "NOT kept")


def report(figures: Figures) -> dict[str, object]:
    """For programs."""
    return {"unit": "s", "promises": {"back": PROMISED_S}, "kept": figures.kept, "back": figures.back}
