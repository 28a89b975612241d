"""How soon a call inside the building is answered when the cloud PBX freezes: Repli, and a relay that only relays.

Both are the outbound proxy of the same unchanged phones in a town of their own for each repeat. The calling phone
measures, from its dial command to its own CALL_ESTABLISHED; a call counts when both recordings hold the other's tone.
The first call is dialled at once: before anything could have noticed the silence. Then 1 000 refreshes of registrations
through an outage (hil/bench/voice_refresh.py), the first call after a kill -9 of Kamailio (hil/bench/voice_kill.py), and
the load the box bears (hil/bench/voice_load.py). `python -m hil.bench.voice`; exit 0 when Repli keeps its promises.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from hil.bench import voice_kill, voice_load, voice_refresh
from hil.bench.peers import Peer, plain_router
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.sip.parts import lan_phone
from hil.rig.virtual.sip.phone import CallFailed, Phone, call_and_listen, stop_all
from hil.rig.virtual.town import Town

PROMISES = {"first": 2.0, "later": 0.05}  # seconds
SAYS = {"up": "PBX up", "first": "PBX frozen, first call", "later": "PBX frozen, later calls"}
LATER_CALLS = 5
PATIENCE_S = 10.0  # a caller has hung up by then
RELAY_CFG = Path(__file__).with_name("relay.cfg")

Answers = list[float | None]  # seconds; None: not answered in time, or not heard by both


@dataclass
class Figures:
    """What the calling phone measured, repeat after repeat."""

    calls: dict[str, Answers] = field(default_factory=lambda: {kind: [] for kind in SAYS})

    def within(self, kind: str) -> bool:
        """Whether every call of a kind was good, and in time."""
        return all(answer is not None and answer <= PROMISES[kind] for answer in self.calls[kind])


@dataclass
class Repli:
    """This project, started as on the box."""

    name: str = "Repli"

    def start(self, town: RunningTown) -> None:
        """Start what the telephones need."""
        town.start_appliance(only="settings,uplinks,voice")
        town.wait_ready()


@dataclass
class PlainRelay:
    """The same Kamailio as an outbound proxy of twenty lines, which knows no phone and decides nothing."""

    name: str = "plain relay"

    def start(self, town: RunningTown) -> None:
        """Start it on the box's address, behind a plain router."""
        plain_router(town)
        listen = f"udp:{town.plan.edge_lan}:{town.plan.sip_port}"
        folder = town.folder / "relay"
        folder.mkdir()
        argv = ["kamailio", "-DD", "-E", "-m", "16", "-M", "4", "-Y", str(folder), "-l", listen]
        town.spawn("edge", [*argv, "-A", f'PBX="{town.plan.cloud_pbx}"', "-f", str(RELAY_CFG)], "relay.log")


def main() -> int:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=("answer", "refresh", "kill", "load"), help="one part of it")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats: 1 at least")
    parts: dict[str, dict[str, object]] = {}
    kept = True
    if arguments.only in (None, "answer"):
        peers: list[Peer] = [Repli(), PlainRelay()]
        measured = {peer.name: measure(peer, arguments.repeats) for peer in peers}
        kept = all(measured["Repli"].within(kind) for kind in PROMISES)
        print_table(measured)
        parts["answer"] = report(measured, kept)
    if arguments.only in (None, "refresh"):
        refreshed = voice_refresh.measure()
        kept = refreshed.kept and kept
        voice_refresh.print_table(refreshed)
        parts["refresh"] = voice_refresh.report(refreshed)
    if arguments.only in (None, "kill"):
        killed = voice_kill.measure(arguments.repeats)
        kept = killed.kept and kept
        voice_kill.print_table(killed)
        parts["kill"] = voice_kill.report(killed)
    if arguments.only in (None, "load"):
        borne = voice_load.measure()
        kept = all(borne.kept().values()) and kept
        voice_load.print_table(borne)
        parts["load"] = voice_load.report(borne)
    if arguments.json:
        told = {"schema": 2, "kept": kept, **parts}
        arguments.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0 if kept else 1


def measure(peer: Peer, repeats: int) -> Figures:
    """So many towns, in each of which the PBX freezes once."""
    figures = Figures()
    for _ in range(repeats):
        with Town("benchvoice", parts=["targets", "pbx"]) as town:
            peer.start(town)
            with registered_phones(town) as (caller, callee):
                freeze_once(town, caller, callee, figures)
        print(f"  {peer.name}: {', '.join(shown(answers[-1]) for answers in figures.calls.values())}", flush=True)
    return figures


@contextlib.contextmanager
def registered_phones(town: RunningTown) -> Iterator[tuple[Phone, Phone]]:
    """Two phones that the PBX knows."""
    phones = (lan_phone(town, "101"), lan_phone(town, "102"))
    try:
        for phone in phones:
            phone.start()
        for phone in phones:
            phone.wait_registered(30)
        yield phones
    finally:
        stop_all(phones)


def freeze_once(town: RunningTown, caller: Phone, callee: Phone, figures: Figures) -> None:
    """One call by the cloud, so that both ways are known to work; then the PBX freezes."""
    figures.calls["up"].append(answered(caller, callee))
    for phone in (caller, callee):
        phone.let_second_pass()  # else the rig itself would wait between the freeze and the call
    town.fault("pbx-frozen")
    first = answered(caller, callee)
    figures.calls["first"].append(first)
    # Where nobody answers, one more try says as much as five.
    for _ in range(LATER_CALLS if first is not None else 1):
        figures.calls["later"].append(answered(caller, callee))


def answered(caller: Phone, callee: Phone) -> float | None:
    """Seconds until one call was answered; None when it was not, or when one did not hear the other."""
    try:
        call = call_and_listen(caller, callee, timeout=PATIENCE_S)
    except CallFailed:
        caller.hang_up()
        return None
    return call.answer_s if call.good else None


def print_table(measured: dict[str, Figures]) -> None:
    """Calls made and good, median, smallest and largest of those, beside the promise."""
    print(f"\n{'call':<24} {'by':<12} {'good':>6} {'median s':>9} {'min s':>7} {'max s':>7} {'promise s':>10}")
    for kind, says in SAYS.items():
        for name, figures in measured.items():
            promise = f"{PROMISES[kind]:>10.2f}" if kind in PROMISES and name == "Repli" else ""
            print(f"{says:<24} {name:<12} {row(figures.calls[kind])} {promise}".rstrip())


def row(answers: Answers) -> str:
    """The figures of a row."""
    good = [answer for answer in answers if answer is not None]
    count = f"{len(good)}/{len(answers)}"
    if not good:
        return f"{count:>6} none answered within {PATIENCE_S:g} s"
    return f"{count:>6} {median(good):>9.3f} {min(good):>7.3f} {max(good):>7.3f}"


def shown(answer: float | None) -> str:
    """One call in words."""
    return "no answer" if answer is None else f"{answer:.3f} s"


def report(measured: dict[str, Figures], kept: bool) -> dict[str, object]:
    """For programs: every call of everyone, null for one that did not come about."""
    return {
        "unit": "s",
        "promises": PROMISES,
        "kept": kept,
        "patience_s": PATIENCE_S,
        "answered": {name: figures.calls for name, figures in measured.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
