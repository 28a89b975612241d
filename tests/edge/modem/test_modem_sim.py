"""When a PIN may be tried, which SIM it is, and what else a SIM says. The rules alone, without a modem."""

from __future__ import annotations

import itertools

import pytest

from edge.modem.sim import card
from edge.modem.sim.card import Lock
from edge.modem.sim.pin import Move, Try, decide


def test_what_asks_for_a_code() -> None:
    assert card.lock(["+CPIN: READY"]) is Lock.READY
    assert card.lock(["+CPIN: SIM PIN"]) is Lock.PIN
    assert card.lock(["+CPIN: SIM PUK"]) is Lock.PUK
    assert card.lock(["+CPIN: SIM PUK2"]) is Lock.READY, "it keeps nothing that an SMS needs"
    assert card.lock(["+CPIN: PH-SIM PIN"]) is Lock.OTHER
    assert card.lock(["+CPIN: NOT READY"]) is Lock.BUSY
    assert card.lock([]) is None


@pytest.mark.parametrize(
    ("before", "left", "move"),
    [
        (Try.NEVER, 3, Move.TRY),
        (Try.NEVER, None, Move.TRY),
        (Try.NEVER, 2, Move.TRY),  # a PIN put right in the settings after a wrong one
        (Try.NEVER, 1, Move.SIM_LAST_TRY),
        (Try.NEVER, 0, Move.SIM_LAST_TRY),
        (Try.BEGUN, 3, Move.TRY),  # the counter proves that it was not wrong
        (Try.BEGUN, 2, Move.SIM_PIN_WRONG),
        (Try.BEGUN, None, Move.SIM_PIN_WRONG),
        (Try.REFUSED, 3, Move.SIM_PIN_WRONG),
        (Try.REFUSED, 2, Move.SIM_PIN_WRONG),
        (Try.REFUSED, None, Move.SIM_PIN_WRONG),
        (Try.ACCEPTED, 3, Move.TRY),
        (Try.ACCEPTED, None, Move.TRY),
        (Try.ACCEPTED, 2, Move.SIM_PIN_WRONG),
    ],
)
def test_a_pin_is_tried(before: Try, left: int | None, move: Move) -> None:
    assert decide(Lock.PIN, pin_given=True, before=before, left=left) is move


def test_without_a_pin_in_the_settings_nothing_is_ever_tried() -> None:
    for before, left in itertools.product(Try, (None, 0, 1, 2, 3)):
        assert decide(Lock.PIN, pin_given=False, before=before, left=left) is Move.SIM_LOCKED


def test_a_puk_is_never_answered() -> None:
    for given_, before, left in itertools.product((True, False), Try, (None, 0, 3)):
        assert decide(Lock.PUK, pin_given=given_, before=before, left=left) is Move.SIM_PUK
        assert decide(Lock.OTHER, pin_given=given_, before=before, left=left) is Move.SIM_OTHER_LOCK
        assert decide(Lock.READY, pin_given=given_, before=before, left=left) is Move.USE


@pytest.mark.parametrize("counted", [True, False], ids=["the modem tells the tries left", "it does not"])
@pytest.mark.parametrize("killed", [True, False], ids=["killed before the answer", "answered"])
def test_a_wrong_pin_costs_one_try_however_often_the_daemon_starts(counted: bool, killed: bool) -> None:
    left, before, tried = 3, Try.NEVER, 0
    for _start in range(20):
        if decide(Lock.PIN, pin_given=True, before=before, left=left if counted else None) is Move.TRY:
            tried += 1
            left -= 1
            before = Try.BEGUN if killed else Try.REFUSED
    assert (tried, left) == (1, 2)


def test_wrong_pins_one_after_another_in_the_settings_never_use_up_the_last_try() -> None:
    left = 3
    for _changed in range(10):
        if decide(Lock.PIN, pin_given=True, before=Try.NEVER, left=left) is Move.TRY:
            left -= 1
    assert left == 1


def test_the_tries_left() -> None:
    assert card.tries_left(["+SPIC: 3,10,0,10"]) == 3
    assert card.tries_left(['+QPINC: "SC",2,10']) == 2
    assert card.tries_left(['+QPINC: "SC",1,10', '+QPINC: "P2",3,10']) == 1
    assert card.tries_left(["+CPINC: 3,3,10,10"]) == 3
    assert card.tries_left([]) is None


def test_which_sim_it_is() -> None:
    assert card.iccid(["+ICCID: 898600700907A6019125"]) is None, "20 signs, but hexadecimal ones are no ICCID"
    assert card.iccid(["+ICCID: 89330126340000000014"]) == "89330126340000000014"
    assert card.iccid(["+QCCID: 8933012634000000001F"]) == "8933012634000000001"
    assert card.iccid(['+CCID: "89330126340000000014"']) == "89330126340000000014"
    assert card.iccid(["89330126340000000014"]) == "89330126340000000014"
    assert card.iccid(["208010000000001"]) is None


@pytest.mark.parametrize(
    "line",
    ["+CPIN: NOT READY", "+CPIN: NOT INSERTED", "+CPIN: SIM REMOVED", "+SIMCARD: NOT AVAILABLE", "+QSIMSTAT: 1,0"],
)
def test_a_sim_pulled_out_is_noticed(line: str) -> None:
    assert card.removed(line)


@pytest.mark.parametrize("line", ["+CPIN: READY", "+CPIN: SIM PIN", "+QSIMSTAT: 1,1"])
def test_a_sim_put_in_is_not_taken_for_one_pulled_out(line: str) -> None:
    assert not card.removed(line)


def test_the_service_centre() -> None:
    assert card.service_centre(['+CSCA: "+33609001390",145']) == "+33609001390"
    assert card.service_centre(['+CSCA: "",129']) == ""
    assert card.service_centre([]) is None


def test_its_own_number() -> None:
    assert card.own_number(['+CNUM: "Line 1","+33700000000001",145']) == "+33700000000001"
    assert card.own_number(['+CNUM: ,"33612345678",145,7,4']) == "+33612345678"
    assert card.own_number(['+CNUM: "","0612345678",129']) == "0612345678"
    assert card.own_number(['+CNUM: "","",129']) is None
    assert card.own_number([]) is None


def test_sms_that_the_operator_bars() -> None:
    assert card.barred(["+CLCK: 0"]) is False
    assert card.barred(["+CLCK: 1"]) is True
    assert card.barred(["+CLCK: 1,1"]) is False, "calls are barred, not SMS"
    assert card.barred(["+CLCK: 1,1", "+CLCK: 1,8"]) is True
    assert card.barred(["+CLCK: 0,7"]) is False
    assert card.barred([]) is None


def test_a_number_is_shown_without_its_middle() -> None:
    assert card.hidden("89330126340000000014") == "893301…014"
    assert card.hidden(None) == ""
    assert card.hidden("12345") == "…"
