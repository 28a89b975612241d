"""A box whose numbers lead everywhere a plan can lead, everybody who may be called, and what the decision says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.shared.messages.voice import VoiceMode
from edge.shared.messages.voice_trunks import TrunkHealth
from edge.shared.model.voice import VoiceSection
from edge.shared.section import parse_site
from edge.voice.dialplan import Decision, Outcome, decide
from edge.voice.french import written
from edge.voice.outside import lists_of_ways
from edge.voice.plans import Action, Step
from edge.voice.trunk_view import health_of
from hil.rig.virtual.sip.crowd import Crowd, Manner, call
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.wire import Hand
from hil.rig.virtual.waiting import wait_for

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TAKEN = (Manner.ANSWERS, Manner.LATE)
PEOPLE = {
    "101": "",
    "102": 'forward = { busy = "103", no_answer = "0611223344", after_s = 3 }',
    "103": "",
    "104": 'forward = { always = "0611223344" }',
    "105": 'forward = { no_answer = "103" }',  # never registered
    "106": 'forward = { always = "0899123456" }',
    "107": 'forward = { busy = "108" }',
    "108": 'forward = { busy = "107" }',
    "109": "may_call = []",
    "110": 'forward = { always = "600" }',
    "111": 'may_call = ["internal", "national", "mobile", "international", "premium"]',
}
ABSENT = ("105",)
MORE = """
[[voice.groups]]
number = "600"
members = ["102", "103", "105"]
ring_s = 3
overflow = "0611223344"
[[voice.groups]]
number = "601"
members = ["105", "102", "103"]
order = "in_turn"
ring_s = 3
[[voice.groups]]
number = "602"
members = ["102", "104"]
order = "in_turn"
ring_s = 3
overflow = "103"
[[voice.groups]]
number = "603"
members = ["102", "103", "107"]
order = "round_robin"
ring_s = 3
[[voice.groups]]
number = "604"
members = ["102", "103", "107"]
order = "longest_idle"
ring_s = 3
[[voice.groups]]
number = "605"
members = ["105"]
overflow = "601"
[[voice.short_numbers]]
number = "8001"
to = "0611223344"
[[voice.short_numbers]]
number = "8002"
to = "601"
[[voice.prefixes]]
prefix = "06"
trunks = ["gsm", "pstn"]
[[voice.prefixes]]
prefix = "9"
strip = 1
trunks = ["gsm"]
[[voice.prefixes]]
prefix = "3939"
kind = "national"
[[voice.prefixes]]
prefix = "+49"
strip = 1
prepend = "1677"
"""


def document(box: Telephony) -> str:
    people = "".join(
        f'[[voice.extensions]]\nnumber = "{n}"\npassword = "pw-{n}"\n{more}\n' for n, more in PEOPLE.items()
    )
    return f"""[voice]
domain = "mairie.example"
listen = [{{ address = "{box.box[0]}" }}]
outside = "0"
[[voice.trunks]]
name = "pstn"
address = "{box.net}.20"
[[voice.trunks]]
name = "gsm"
address = "{box.net}.21"
numbers = "e164"
{people}{MORE}"""


@dataclass
class Planned:
    """The box, its settings, who calls and who is called."""

    box: Telephony
    voice: VoiceSection
    callers: dict[str, Hand]
    crowd: Crowd

    def agrees(self, caller: str, dialled: str, world: dict[str, Manner]) -> None:
        """Call, and find that Kamailio did what decide() says."""
        # One that was silent in the case before is passed over until it is asked again.
        wait_for(lambda: set(health_of(self.box.rpc("dispatcher.list")).values()) == {TrunkHealth.WELL}, "trunks well")
        decision = decide(self.voice, caller, dialled, VoiceMode.LOCAL, NOW)
        rounds, codes = walk(self.voice, decision, world)
        self.crowd.clear(**world)
        reply = call(self.callers[caller], dialled)
        found = self.crowd.rounds(), [reply.code]
        assert found == (rounds, codes), f"{found}, not {(rounds, codes)}"
        forms = {trunk.name: trunk.numbers for trunk in self.voice.trunks}
        outs = [decision.number, *(step.targets[0] for step in decision.steps if step.action is Action.OUT)]
        for one in self.crowd.heard:
            if one.who in forms:
                assert one.number in [written(number, forms[one.who]) for number in outs], one.invite.start


@contextmanager
def planned_box(box: Telephony) -> Iterator[Planned]:
    """Started, with everybody registered; nobody pushes but a test."""
    box.start(document(box), voice=False)
    crowd = Crowd()
    # First: a trunk that is not there for the first probes is passed over until the next one.
    crowd.join("pstn", box.wire(20))
    crowd.join("gsm", box.wire(21))
    for place, number in enumerate(PEOPLE):
        if number not in ABSENT:
            crowd.settle(box, number, box.wire(100 + place))
    callers = {number: box.hand(number, 200 + place, password=f"pw-{number}") for place, number in enumerate(PEOPLE)}
    yield Planned(box, parse_site(document(box)).voice, callers, crowd)
    crowd.stop()


# -- what the decision says happens -----------------------------------------------------------------------------------


def walk(voice: VoiceSection, decision: Decision, world: dict[str, Manner]) -> tuple[list[list[str]], list[int]]:
    """Who is called in which order, and which final replies are right."""
    if decision.outcome is Outcome.REFUSED:
        return [], [decision.code]
    if decision.outcome is Outcome.OUTSIDE:
        rounds, manner = outside_rounds(voice, decision.ways, world)
        return rounds, {Manner.ANSWERS: [200], Manner.BUSY: [486]}.get(manner, [500])
    rounds = []
    index: int | None = 0
    code = 480
    while index is not None:
        step = decision.steps[index]
        if step.action is Action.OUT:
            called, manner = outside_rounds(voice, step.ways, world)
            rounds += called
        else:
            called, manner = inside_rounds(step, world)
            rounds += called
        if manner in TAKEN:
            return rounds, [200]
        busy = manner in (Manner.BUSY, Manner.DECLINES)
        code = {Manner.BUSY: 486, Manner.DECLINES: 603, Manner.FAILS: 500}.get(manner, 480)
        index = step.busy if busy else step.otherwise
    return rounds, [code]


def inside_rounds(step: Step, world: dict[str, Manner]) -> tuple[list[list[str]], Manner]:
    together = [list(step.targets)] if step.action is Action.RING else [[one] for one in step.targets]
    rounds, last = [], Manner.RINGS
    for targets in together:
        there = sorted(one for one in targets if one not in ABSENT)
        if not there:
            continue
        rounds.append(there)
        manners = [world.get(one, Manner.BUSY) for one in there]
        last = next((one for one in (*TAKEN, Manner.RINGS) if one in manners), manners[0])
        if last in TAKEN:
            break
    return rounds, last


def outside_rounds(voice: VoiceSection, ways: str, world: dict[str, Manner]) -> tuple[list[list[str]], Manner]:
    rounds, manner = [], Manner.FAILS
    for way in lists_of_ways(voice)[ways]:
        name = getattr(way, "name", "cloud")
        manner = world.get(name, Manner.BUSY)
        rounds.append([name])
        if manner not in (Manner.FAILS, Manner.SILENT):
            break
    return rounds, manner


def worlds(*pairs: str) -> dict[str, Manner]:
    return {who: Manner(manner) for who, _, manner in (pair.partition("=") for pair in pairs)}


Case = tuple[str, str, dict[str, Manner]]


def named(case: Case) -> str:
    """Of a test."""
    caller, dialled, world = case
    return f"{caller}-{dialled}-{','.join(world.values())}"
