"""What Kamailio does with a call is what dialplan.decide() says: the same settings, a real Kamailio, phones by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from edge.shared.clock import SystemClock
from edge.shared.messages.voice import VoiceMode
from edge.shared.messages.voice_trunks import TrunkHealth
from edge.shared.model.numbering import ShortNumber
from edge.shared.model.voice import VoiceSection
from edge.shared.section import parse_site
from edge.voice.dialplan import Decision, Outcome, decide
from edge.voice.french import written
from edge.voice.kamailio.startup import RunFolder
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.kamailio_view import KamailioView
from edge.voice.outside import lists_of_ways
from edge.voice.plans import Action, Step
from edge.voice.push import Push
from edge.voice.trunk_view import health_of
from hil.rig.virtual.sip.crowd import Crowd, Manner, begin, call, cancel, hang_up
from hil.rig.virtual.sip.health import KamailioHealth
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


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start(document(shared_telephony), voice=False)  # nobody pushes but a test
    return shared_telephony


@pytest.fixture(scope="module")
def voice(box: Telephony) -> VoiceSection:
    return parse_site(document(box)).voice


@pytest.fixture(scope="module")
def callers(box: Telephony) -> dict[str, Hand]:
    return {number: box.hand(number, 200 + place, password=f"pw-{number}") for place, number in enumerate(PEOPLE)}


@pytest.fixture(scope="module")
def crowd(box: Telephony) -> Iterator[Crowd]:
    one = Crowd()
    # First: a trunk that is not there for the first probes is passed over until the next one.
    one.join("pstn", box.wire(20))
    one.join("gsm", box.wire(21))
    for place, number in enumerate(PEOPLE):
        if number not in ABSENT:
            one.settle(box, number, box.wire(100 + place))
    yield one
    one.stop()


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


CASES = [
    ("101", "103", worlds("103=answers")),
    ("101", "103", worlds("103=busy")),
    ("101", "105", worlds("103=answers")),
    ("101", "102", worlds("102=answers")),
    ("101", "102", worlds("102=busy", "103=answers")),
    ("101", "102", worlds("102=declines", "103=answers")),
    ("101", "102", worlds("102=rings", "gsm=answers")),
    ("101", "102", worlds("102=rings", "gsm=fails", "pstn=answers")),
    ("101", "102", worlds("102=rings", "gsm=fails", "pstn=fails")),
    ("101", "102", worlds("102=rings", "gsm=silent", "pstn=answers")),
    ("101", "104", worlds("104=answers", "gsm=answers")),
    ("101", "104", worlds("gsm=busy")),
    ("101", "106", worlds("106=answers")),
    ("101", "107", worlds("107=busy", "108=busy")),
    ("101", "108", worlds("108=busy", "107=answers")),
    ("101", "110", worlds("110=answers", "103=answers", "102=rings")),
    ("101", "600", worlds("102=rings", "103=answers")),
    ("101", "600", worlds("102=declines", "103=late")),
    ("101", "600", worlds("102=declines", "103=rings", "gsm=answers")),
    ("101", "600", worlds("102=busy", "103=busy", "gsm=answers")),
    ("101", "600", worlds("102=rings", "103=rings", "gsm=answers")),
    ("101", "601", worlds("102=busy", "103=answers")),
    ("101", "601", worlds("102=rings", "103=answers")),
    ("101", "601", worlds("102=busy", "103=busy")),
    ("101", "602", worlds("102=busy", "gsm=answers")),
    ("101", "602", worlds("102=busy", "gsm=busy", "103=answers")),
    ("101", "602", worlds("102=busy", "gsm=rings", "103=answers")),
    ("101", "605", worlds("102=answers")),
    ("101", "8002", worlds("102=answers")),
    ("101", "8001", worlds("gsm=answers")),
    ("101", "0123456789", worlds("pstn=answers")),
    ("101", "00123456789", worlds("pstn=answers")),
    ("101", "+33123456789", worlds("pstn=answers")),
    ("101", "0033123456789", worlds("pstn=answers")),
    ("101", "00033123456789", worlds("pstn=answers")),
    ("101", "0262123456", worlds("pstn=answers")),
    ("101", "0123456789", worlds("pstn=fails", "gsm=answers")),
    ("101", "0123456789", worlds("pstn=busy", "gsm=answers")),
    ("101", "0612345678", worlds("gsm=answers")),
    ("101", "00612345678", worlds("gsm=fails", "pstn=answers")),
    ("101", "07001234567890", worlds("pstn=answers")),
    ("101", "90123456789", worlds("gsm=answers")),
    ("101", "9900123456789", worlds()),
    ("101", "3939", worlds("pstn=answers")),
    ("101", "03939", worlds("pstn=answers")),
    ("101", "3635", worlds()),
    ("101", "39390", worlds()),
    ("101", "118008", worlds()),
    ("101", "0899123456", worlds()),
    ("101", "004420712345678", worlds()),
    ("101", "9004420712345678", worlds()),
    ("101", "00", worlds()),
    ("101", "0", worlds()),
    ("101", "9", worlds()),
    ("101", "+", worlds()),
    ("101", "+0123456789", worlds()),
    ("101", "77777", worlds()),
    ("101", "06123", worlds()),
    ("101", "**999", worlds()),
    ("109", "103", worlds()),
    ("109", "600", worlds()),
    ("109", "0123456789", worlds()),
    ("109", "8001", worlds()),
    ("111", "0899123456", worlds("pstn=answers")),
    ("111", "004420712345678", worlds("pstn=answers")),
    ("111", "00493012345678", worlds("pstn=answers")),
    ("111", "+881612345678", worlds("pstn=answers")),
    ("111", "118008", worlds("pstn=answers")),
]


@pytest.mark.parametrize(
    ("caller", "dialled", "world"), CASES, ids=[f"{c}-{d}-{','.join(w.values())}" for c, d, w in CASES]
)
def test_kamailio_does_what_the_decision_says(
    box: Telephony,
    voice: VoiceSection,
    callers: dict[str, Hand],
    crowd: Crowd,
    caller: str,
    dialled: str,
    world: dict[str, Manner],
) -> None:
    # One that was silent in the case before is passed over until it is asked again.
    kamailio = KamailioHealth(box)
    wait_for(lambda: set(health_of(kamailio.rpc("dispatcher.list")).values()) == {TrunkHealth.WELL}, "trunks well")
    decision = decide(voice, caller, dialled, VoiceMode.LOCAL, NOW)
    rounds, codes = walk(voice, decision, world)
    crowd.clear(**world)
    reply = call(callers[caller], dialled)
    assert (crowd.rounds(), [reply.code]) == (rounds, codes)
    forms = {trunk.name: trunk.numbers for trunk in voice.trunks}
    outs = [decision.number, *(step.targets[0] for step in decision.steps if step.action is Action.OUT)]
    for one in crowd.heard:
        if one.who in forms:
            assert one.number in [written(number, forms[one.who]) for number in outs]


def test_in_turns_each_call_begins_with_the_next_member(callers: dict[str, Hand], crowd: Crowd) -> None:
    """Counted with initval=0 and $shtinc, without which $sht + 1 concatenates (trap 6)."""
    begun = []
    for _ in range(12):
        crowd.clear(**dict.fromkeys(("102", "103", "107"), Manner.ANSWERS))
        assert call(callers["101"], "603").code == 200
        ((first,),) = crowd.rounds()
        begun.append(first)
    place = ["102", "103", "107"].index(begun[0])
    assert begun == [["102", "103", "107"][(place + turn) % 3] for turn in range(12)]


def test_everybody_has_a_turn_and_nobody_two(callers: dict[str, Hand], crowd: Crowd) -> None:
    for group in ("603", "604"):
        crowd.clear()  # everybody is busy
        assert call(callers["101"], group).code == 486
        assert sorted(crowd.rounds()) == [["102"], ["103"], ["107"]]


def test_who_has_not_telephoned_for_longest_is_rung_first(callers: dict[str, Hand], crowd: Crowd) -> None:
    """By calls of every kind: as called in the group, as called directly, as calling."""
    manners = dict.fromkeys(("102", "103", "107"), Manner.ANSWERS)
    for caller, dialled in (("103", "101"), ("101", "107"), ("101", "102")):
        crowd.clear(**{**manners, "101": Manner.ANSWERS})
        assert call(callers[caller], dialled).code == 200
        time.sleep(1.1)  # the table counts in seconds
    for expected in ("103", "107", "102", "103"):
        crowd.clear(**manners)
        assert call(callers["101"], "604").code == 200
        assert crowd.rounds() == [[expected]]
        time.sleep(1.1)


def test_a_caller_who_gives_up_ends_the_plan(callers: dict[str, Hand], crowd: Crowd) -> None:
    crowd.clear(**{"102": Manner.RINGS, "gsm": Manner.ANSWERS})
    caller = callers["101"]
    invite = begin(caller, "102")
    assert crowd.wait(lambda: bool(crowd.heard))
    caller.wire.send(cancel(invite), caller.box)
    assert caller.wire.final(invite).code == 487
    time.sleep(3.5)
    assert crowd.rounds() == [["102"]]


def test_an_emergency_number_after_the_digit_for_outside(callers: dict[str, Hand], crowd: Crowd) -> None:
    """And without proof, as ever."""
    crowd.clear(pstn=Manner.BUSY, gsm=Manner.ANSWERS)
    caller = callers["109"]
    invite = caller.invitation("018")
    caller.wire.send(invite, caller.box)
    reply = caller.wire.final(invite)
    assert (reply.code, [(one.who, one.number) for one in crowd.heard]) == (200, [("pstn", "18"), ("gsm", "18")])
    hang_up(caller, invite, reply)


def test_a_plan_whose_tables_are_gone_ends(
    box: Telephony, voice: VoiceSection, callers: dict[str, Hand], crowd: Crowd
) -> None:
    """Two pushes while a phone rings: the steps of the new plan are others."""
    crowd.clear(**{"102": Manner.RINGS, "gsm": Manner.ANSWERS, "pstn": Manner.ANSWERS})
    caller = callers["101"]
    invite = begin(caller, "102")
    assert crowd.wait(lambda: bool(crowd.heard))

    others = [
        voice.model_copy(update={"short_numbers": [*voice.short_numbers, ShortNumber(number=short, to="101")]})
        for short in ("8003", "8004")
    ]
    try:
        asyncio.run(push(box, others))
        assert caller.wire.final(invite, 8.0).code == 480
        assert crowd.rounds() == [["102"]]
    finally:
        asyncio.run(push(box, [voice]))


async def push(box: Telephony, sections: list[VoiceSection]) -> None:
    files = RunFolder.of(box.root.paths)
    rpc = KamailioRpc(files.rpc_socket)
    run = (await KamailioView(rpc, SystemClock()).look()).run
    assert run is not None
    for section in sections:
        run = await Push(rpc, files).settings(section, run)
    rpc.close()
