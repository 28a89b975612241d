"""Calls from outside, and what becomes of calls of any kind, whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.calls import decision
from edge.modem.calls.state import Answer, Dial, Event, Gone, HangUp, Purpose, Ran, Said, Tick
from edge.shared.messages.modem_calls import CallCause, CallState
from tests.edge.modem.call_scene import NUMBER, Scene


@pytest.mark.parametrize(
    "lines",
    [
        ["RING", '+CLIP: "0612345678",129,"",,"",0'],
        ['+CLIP: "+33612345678",145,,,,0'],
        ['+CLIP: "0030003600310032003300340035003600370038",129'],  # the character set is UCS2
        ["+CRING: VOICE", '+CLIP: "33612345678",145'],
        ['+QIND: "ccinfo",1,1,4,0,0,"0612345678",129'],
    ],
)
def test_a_call_from_outside_is_shown_with_its_caller(lines: list[str]) -> None:
    scene = Scene()
    for line in lines:
        scene.give(Said(line))
    assert scene.last() == (CallState.RINGING, None)
    assert scene.shown[-1].number in {"0612345678", "+33612345678"}
    assert scene.shown[-1].key == -1
    scene.give(Said("RING"))
    assert len(scene.calls.talks) == 1


def test_a_withheld_number_is_none() -> None:
    scene = Scene()
    scene.give(Said("RING"))
    scene.give(Said('+CLIP: "",128,,,,1'))
    scene.look('+CLCC: 1,1,4,0,0,"",128')
    assert scene.shown[-1].number is None


def test_an_answered_call_is_active_and_hears_keys() -> None:
    scene = Scene()
    scene.give(Said("RING"))
    scene.give(Answer(-1))
    scene.answer("ATA")
    scene.look('+CLCC: 1,1,0,0,0,"0612345678",129')
    assert scene.last() == (CallState.ACTIVE, None)
    for line in ("+RXDTMF: 1", "+RXDTMF: #", "+QTONEDET: 50", "+QTONEDET: 42", "+DTMF: 7"):
        scene.give(Said(line))
    assert scene.pressed == ["1", "#", "2", "*", "7"]


def test_a_key_while_nobody_speaks_is_nobodys() -> None:
    scene = Scene()
    scene.give(Said("RING"))
    scene.give(Said("+RXDTMF: 1"))
    assert scene.pressed == []


def test_a_call_nobody_answered_was_missed() -> None:
    scene = Scene()
    scene.give(Said("RING"))
    scene.give(Said("MISSED_CALL: 08:48AM 0612345678"))
    scene.look()
    assert scene.last() == (CallState.ENDED, CallCause.MISSED)


def test_the_next_caller_is_not_taken_for_the_one_before() -> None:
    scene = Scene()
    scene.give(Said("RING"))
    scene.look('+CLCC: 1,1,4,0,0,"0612345678",129')
    scene.look('+CLCC: 1,1,4,0,0,"0698765432",129')
    scene.look('+CLCC: 1,1,4,0,0,"0698765432",129')
    ended = [talk for talk in scene.shown if talk.state is CallState.ENDED]
    assert [(talk.number, talk.cause) for talk in ended] == [("0612345678", CallCause.MISSED)]
    assert [talk.number for talk in scene.calls.talks] == ["0698765432"]


def test_a_call_waiting_is_answered_and_refused_without_ending_the_other() -> None:
    scene = Scene()
    scene.speaking()
    scene.give(Said('+CCWA: "0698765432",129,1'))
    scene.look(f'+CLCC: 1,0,0,0,0,"{NUMBER}",145', '+CLCC: 2,1,5,0,0,"0698765432",129')
    scene.give(Answer(-1))
    scene.give(HangUp(-1))
    assert scene.told() == ["AT+CHLD=2", "AT+CHLD=0"]


def test_without_a_list_the_lines_must_do() -> None:
    scene = Scene()
    scene.give(Said("RING"))
    scene.answer("AT+CLCC", error="ERROR")
    scene.give(Said("NO CARRIER"))
    scene.answer("AT+CLCC", error="ERROR")
    assert scene.last() == (CallState.ENDED, CallCause.MISSED)


def test_what_was_in_progress_before_is_found_or_lost() -> None:
    scene = Scene()
    scene.speaking()
    before = scene.calls.talks
    scene.calls = decision.adopted(before, scene.now)
    scene.look(f'+CLCC: 1,0,0,0,0,"{NUMBER}",145')
    assert [talk.cause for talk in scene.calls.talks] == [None]
    scene.calls = decision.adopted(before, scene.now)
    scene.look()
    assert scene.last() == (CallState.ENDED, CallCause.LOST)


def test_when_the_modem_goes_its_calls_are_lost() -> None:
    scene = Scene()
    scene.speaking()
    scene.give(Gone())
    assert scene.last() == (CallState.ENDED, CallCause.LOST)
    assert decision.next_look(scene.calls) is None


LINES = [
    "RING",
    "NO CARRIER",
    "BUSY",
    "VOICE CALL: BEGIN",
    "VOICE CALL: END: 000003",
    '+CLIP: "0612345678",129',
    "+RXDTMF: 1",
]
LISTS = [
    (),
    ('+CLCC: 1,0,0,0,0,"+33612345678",145',),
    ('+CLCC: 1,1,4,0,0,"0612345678",129',),
    ('+CLCC: 1,0,3,0,0,"112",129', '+CLCC: 2,1,5,0,0,"0698765432",129'),
]
happenings = st.one_of(
    st.sampled_from(LINES).map(Said),
    st.builds(Dial, st.integers(1, 3), st.just("112"), st.booleans()),
    st.builds(HangUp, st.integers(-2, 3)),
    st.builds(Answer, st.integers(-2, 3)),
    st.just(Tick()),
    st.none(),
)


@given(st.lists(st.tuples(happenings, st.sampled_from(LISTS), st.floats(0, 5)), max_size=40))
def test_whatever_happens_an_empty_list_ends_every_call(
    happened: list[tuple[Event | None, tuple[str, ...], float]],
) -> None:
    scene = Scene()
    known: set[int] = set()
    for event, listed, pause in happened:
        scene.now += pause
        if isinstance(event, Dial) and event.key in known:
            continue
        if isinstance(event, Dial):
            known.add(event.key)
        if event is not None:
            scene.give(event)
        elif scene.waiting:
            run = scene.waiting.pop(0)
            scene.give(Ran(run, listed if run.purpose is Purpose.LOOK else ()))
    for _ in range(300):
        scene.now += 1.0
        scene.give(Tick())
        for run in list(scene.waiting):
            scene.waiting.remove(run)
            scene.give(Ran(run))
    assert scene.calls.talks == ()
    ended = [talk.key for talk in scene.shown if talk.state is CallState.ENDED]
    assert len(ended) == len(set(ended))
