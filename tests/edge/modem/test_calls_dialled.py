"""Calls that somebody dials: how they go on, how each ends, and what an emergency call does to another."""

from __future__ import annotations

import pytest

from edge.modem.calls import decision, dialect
from edge.modem.calls.state import Dial, HangUp, Keys, Said, Tick
from edge.shared.messages.modem_calls import CallCause, CallState
from tests.edge.modem.call_scene import NUMBER, Scene


def test_a_dial_goes_through_its_states_to_the_other_ends_hanging_up() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    assert scene.told() == [f"ATD{NUMBER};"]
    scene.answer(f"ATD{NUMBER};")
    scene.look(f'+CLCC: 1,0,2,0,0,"{NUMBER}",145')
    scene.look(f'+CLCC: 1,0,3,0,0,"{NUMBER}",145')
    scene.look(f'+CLCC: 1,0,0,0,0,"{NUMBER}",145')
    scene.give(Said("NO CARRIER"))
    scene.look()
    scene.answer("AT+CEER", '+CEER: "Normal call clearing"')
    states = [talk.state for talk in scene.shown]
    assert states == [CallState.DIALLING, CallState.ALERTING, CallState.ACTIVE, CallState.ENDED]
    assert scene.last() == (CallState.ENDED, CallCause.OTHER_END)
    assert scene.calls.talks == ()


@pytest.mark.parametrize("line", ["BUSY", "NO ANSWER"])
def test_an_end_that_says_why_needs_no_other_word(line: str) -> None:
    scene = Scene()
    scene.dialled()
    scene.give(Said(line))
    scene.look()
    assert scene.last() == (CallState.ENDED, dialect.OVER[line])
    assert scene.waiting == []


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ('+CEER: "User busy"', CallCause.BUSY),
        ("+CEER: Normal call clearing", CallCause.REJECTED),
        ('+CEER: "Call rejected"', CallCause.REJECTED),
        ("+CEER: Unassigned (unobtainable) number", CallCause.BAD_NUMBER),
        ("+CEER: User alerting, no answer", CallCause.NO_ANSWER),
        ("+CEER: Operator determined barring", CallCause.BARRED),
        ("+CEER: No service available", CallCause.NO_NETWORK),
        ("+CEER: Switching equipment congestion", CallCause.CONGESTED),
        ("+CEER: 1,17", CallCause.BUSY),
        ("+CEER: 5,34", CallCause.CONGESTED),
        ("+CEER: No cause information available", CallCause.UNKNOWN),
        ("+CEER: 999", CallCause.UNKNOWN),
        ("", CallCause.UNKNOWN),
    ],
)
def test_no_carrier_is_explained_by_the_modems_last_cause(said: str, cause: CallCause) -> None:
    scene = Scene()
    scene.dialled()
    scene.give(Said("NO CARRIER"))
    scene.look()
    scene.answer("AT+CEER", *([said] if said else []))
    assert scene.last() == (CallState.ENDED, cause)


def test_an_end_nobody_tells_is_found_by_looking_twice() -> None:
    scene = Scene()
    scene.speaking()
    scene.look()
    assert scene.last() == (CallState.ACTIVE, None)
    assert decision.next_look(scene.calls) == scene.now + decision.LOOK_MOVING_S
    scene.look()
    scene.answer("AT+CEER", error="ERROR")
    assert scene.last() == (CallState.ENDED, CallCause.OTHER_END)


def test_a_call_that_was_only_just_dialled_is_not_missed_in_the_list() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};")
    scene.look()
    scene.look()
    assert scene.last() == (CallState.DIALLING, None)
    assert "AT+CEER" not in scene.told()
    scene.look(f'+CLCC: 1,0,3,0,0,"{NUMBER}",145')
    assert scene.last() == (CallState.ALERTING, None)


def test_the_end_of_the_call_before_does_not_end_a_new_one() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.give(Said("NO CARRIER"))
    scene.answer(f"ATD{NUMBER};")
    scene.give(Said("VOICE CALL: END: 000017"))
    scene.look(f'+CLCC: 1,0,3,0,0,"{NUMBER}",145')
    scene.look(f'+CLCC: 1,0,0,0,0,"{NUMBER}",145')
    assert scene.last() == (CallState.ACTIVE, None)


@pytest.mark.parametrize(
    ("error", "code", "cause"),
    [
        ("+CME ERROR: 30", 30, CallCause.NO_NETWORK),
        ("+CME ERROR: 32", 32, CallCause.BARRED),
        ("ERROR", None, CallCause.REFUSED),
    ],
)
def test_a_dial_that_the_modem_refuses_is_over(error: str, code: int | None, cause: CallCause) -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};", error=error, code=code)
    assert scene.last() == (CallState.ENDED, cause)
    assert scene.shown[-1].detail == error


def test_a_dial_without_an_answer_is_looked_for_and_then_over() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};", error="no answer", silent=True)
    scene.look()
    assert scene.last() == (CallState.ENDED, CallCause.MODEM_SILENT)


def test_a_dial_without_an_answer_that_rings_all_the_same_goes_on() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};", error="no answer", silent=True)
    scene.look(f'+CLCC: 1,0,3,0,0,"{NUMBER}",145')
    assert scene.last()[0] is CallState.ALERTING


def test_no_carrier_instead_of_ok_is_over_once_the_list_agrees() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};", error="NO CARRIER")
    scene.look()
    scene.answer("AT+CEER", "+CEER: No network service")
    assert scene.last() == (CallState.ENDED, CallCause.NO_NETWORK)


def test_a_dial_nobody_answers_is_given_up() -> None:
    scene = Scene()
    scene.dialled()
    scene.look(f'+CLCC: 1,0,3,0,0,"{NUMBER}",145')
    scene.now += decision.DIAL_MAX_S
    scene.give(Tick())
    scene.answer("AT+CHUP")
    scene.look()
    assert scene.last() == (CallState.ENDED, CallCause.NO_ANSWER)


def test_a_key_before_the_list_was_looked_at_is_heard_and_has_it_looked_at() -> None:
    scene = Scene()
    scene.dialled()
    scene.give(Said("VOICE CALL: BEGIN"))
    assert scene.told() == ["AT+CLCC"]
    scene.give(Said("+RXDTMF: 1"))
    assert scene.pressed == ["1"]
    assert scene.told() == ["AT+CLCC"]


def test_hanging_up_is_tried_the_other_way_when_the_first_does_nothing() -> None:
    scene = Scene()
    scene.speaking()
    scene.give(HangUp(1))
    scene.answer("AT+CHUP", error="ERROR")
    listed = f'+CLCC: 1,0,0,0,0,"{NUMBER}",145'
    scene.look(listed)
    scene.now += decision.HANG_UP_AGAIN_S
    scene.give(Tick())
    assert "ATH" in scene.told()
    scene.answer("ATH")
    scene.look()
    assert scene.last() == (CallState.ENDED, CallCause.HUNG_UP)


def test_a_dial_withdrawn_before_its_turn_is_never_dialled() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.give(HangUp(1))
    dial = scene.waiting[0]
    assert not decision.still_wanted(scene.calls, dial)
    scene.answer(dial.command, error="withdrawn")
    assert scene.last() == (CallState.ENDED, CallCause.HUNG_UP)
    assert not any(decision.still_wanted(scene.calls, run) for run in scene.waiting)


def test_an_emergency_ends_the_call_that_is_up_and_insists() -> None:
    scene = Scene()
    scene.speaking()
    scene.give(Dial(2, "112", emergency=True))
    assert scene.told() == ["AT+CHUP", "ATD112;"]
    scene.answer("AT+CHUP")
    scene.answer("ATD112;", error="+CME ERROR: 3", code=3)
    scene.look()
    assert (scene.shown[-1].key, *scene.last()) == (1, CallState.ENDED, CallCause.HUNG_UP)
    scene.now += decision.EMERGENCY_AGAIN_S
    scene.give(Tick())
    scene.answer("ATD112;")
    scene.look('+CLCC: 1,0,0,0,0,"112",129')
    assert (scene.shown[-1].key, *scene.last()) == (2, CallState.ACTIVE, None)


def test_an_old_call_that_does_not_end_is_never_ended_together_with_the_emergency() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};")
    scene.give(Dial(2, "112", emergency=True))
    scene.answer("AT+CHUP", error="ERROR")
    scene.answer("ATD112;")
    scene.now += 2 * decision.HANG_UP_AGAIN_S
    scene.give(Tick())
    assert not {"AT+CHUP", "ATH"} & set(scene.told())


def test_an_emergency_that_is_refused_for_good_ends() -> None:
    scene = Scene()
    scene.give(Dial(2, "112", emergency=True))
    for _ in range(decision.EMERGENCY_DIALS):
        scene.answer("ATD112;", error="+CME ERROR: 30", code=30)
        scene.now += decision.EMERGENCY_AGAIN_S
        scene.give(Tick())
    scene.answer("ATD112;", error="+CME ERROR: 30", code=30)
    assert scene.last() == (CallState.ENDED, CallCause.NO_NETWORK)


def test_keys_are_pressed_one_by_one() -> None:
    scene = Scene()
    scene.speaking()
    scene.give(Keys(1, "1#*"))
    assert scene.told() == ["AT+VTS=1", "AT+VTS=#", "AT+VTS=*"]


def test_a_data_bearer_in_the_list_is_no_call() -> None:
    scene = Scene()
    scene.give(Dial(1, NUMBER))
    scene.answer(f"ATD{NUMBER};")
    scene.look('+CLCC: 1,0,0,1,0,"",128', f'+CLCC: 2,0,3,0,0,"{NUMBER}",145')
    assert len(scene.calls.talks) == 1
