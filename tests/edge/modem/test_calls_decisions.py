"""What the calls of one modem do, step by step: no modem, no clock, no waiting."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.calls import decision, dialect
from edge.modem.calls.events import (
    Answer,
    Calls,
    Dial,
    Errand,
    Event,
    Gone,
    HangUp,
    Keys,
    Pressed,
    Ran,
    Run,
    Said,
    Show,
    Talk,
    Tick,
)
from edge.shared.messages.modem_calls import CallCause, CallState

NUMBER = "+33612345678"


@dataclass
class Scene:
    """Steps one after another, and what they led to. What the modem lists is said by each test."""

    now: float = 100.0
    calls: Calls = field(default_factory=Calls)
    shown: list[Talk] = field(default_factory=list)
    waiting: list[Run] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)

    def give(self, event: Event) -> None:
        self.calls, actions = decision.step(self.calls, event, self.now)
        for action in actions:
            match action:
                case Show(talk):
                    self.shown.append(talk)
                case Run():
                    self.waiting.append(action)
                case Pressed(_, key):
                    self.pressed.append(key)

    def told(self) -> list[str]:
        return [run.command for run in self.waiting]

    def answer(
        self, command: str, *lines: str, error: str | None = None, code: int | None = None, silent: bool = False
    ) -> None:
        run = next(run for run in self.waiting if run.command == command)
        self.waiting.remove(run)
        self.give(Ran(run, lines, error, code, silent))

    def look(self, *lines: str) -> None:
        """The modem is asked for its list and says this."""
        if not any(run.errand is Errand.LOOK for run in self.waiting):
            self.now = max(self.now, decision.next_look(self.calls) or self.now)
            self.give(Tick())
        self.answer("AT+CLCC", *lines)

    def last(self) -> tuple[CallState, CallCause | None]:
        return self.shown[-1].state, self.shown[-1].cause

    def dialled(self, number: str = NUMBER) -> None:
        self.give(Dial(1, number))
        self.answer(f"ATD{number};")
        self.look(f'+CLCC: 1,0,2,0,0,"{number}",145')

    def speaking(self) -> None:
        self.dialled()
        self.look(f'+CLCC: 1,0,0,0,0,"{NUMBER}",145')
        assert self.last() == (CallState.ACTIVE, None)


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


def test_a_key_before_the_list_was_looked_at_is_heard_and_has_it_looked_at() -> None:
    scene = Scene()
    scene.dialled()
    scene.give(Said("VOICE CALL: BEGIN"))
    assert scene.told() == ["AT+CLCC"]
    scene.give(Said("+RXDTMF: 1"))
    assert scene.pressed == ["1"]
    assert scene.told() == ["AT+CLCC"]


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
            scene.give(Ran(run, listed if run.errand is Errand.LOOK else ()))
    for _ in range(300):
        scene.now += 1.0
        scene.give(Tick())
        for run in list(scene.waiting):
            scene.waiting.remove(run)
            scene.give(Ran(run))
    assert scene.calls.talks == ()
    ended = [talk.key for talk in scene.shown if talk.state is CallState.ENDED]
    assert len(ended) == len(set(ended))
