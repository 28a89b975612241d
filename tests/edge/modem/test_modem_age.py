"""How long a message may wait, whatever the clock does meanwhile: what decides it, without a port."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.pdu.parts import split
from edge.modem.sending.age import Anchor, Counted, later, resumed, told
from edge.modem.sending.dispatch import Accepted, NoLongerQueued
from edge.modem.store.schema import STEPS
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SegmentState, SmsSeverity
from edge.shared.model import ModemSection, SeverityRules
from tests.edge.modem.dispatching import ANY, WINDOW, Desk

HOUR, DAY = 3600.0, 86_400.0
ROUTINE_S = 6 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONG = "Évacuez la rue haute, puis la place. " * 6  # two parts


def test_what_waited_for_its_validity_is_never_sent_and_is_told(desk: Desk) -> None:
    desk.put("Évacuez")
    desk.clock.advance(ROUTINE_S - 1)
    desk.care()
    assert desk.has_work()
    before = desk.outbox.newest_change()
    desk.clock.advance(1)
    assert not desk.has_work()  # also before anybody cared
    desk.care()
    assert desk.states() == [("expired", False)]
    (change,) = desk.outbox.changes_after(before, 10)
    assert change.message.segments[0].state is SegmentState.EXPIRED


def test_the_time_ends_while_the_modem_is_made_ready(desk: Desk) -> None:
    desk.put("Évacuez", validity_s=2)
    job = desk.dispatch.reserve("m1", "m1", ANY)
    assert job is not None
    desk.clock.advance(2)
    with pytest.raises(NoLongerQueued):
        desk.dispatch.claim(job, "m1", "m1")
    assert not desk.ledger.read("SELECT 1 FROM attempts")


@pytest.mark.parametrize(
    ("severity", "seconds"),
    [(SmsSeverity.CRISIS, DAY), (SmsSeverity.URGENT, 7200.0), (SmsSeverity.ROUTINE, DAY)],
)
def test_the_severity_and_the_settings_say_how_long_unless_the_caller_does(
    desk: Desk, severity: SmsSeverity, seconds: float
) -> None:
    desk.outbox.follow(ModemSection(urgent=SeverityRules(wait_h=2.0)))
    plain, _ = desk.outbox.put("+33612345678", "x", split("x"), "a", severity)
    short, _ = desk.outbox.put("+33612345678", "x", split("x"), "b", severity, validity=timedelta(seconds=90))
    assert (plain.validity_s, short.validity_s) == (seconds, 90)
    desk.outbox.follow(ModemSection())  # what was accepted stays as it was
    assert desk.outbox.entries(request_id="a")[0].validity_s == seconds


def test_a_part_is_handed_over_with_what_is_left_of_it(desk: Desk) -> None:
    desk.put("Évacuez")
    desk.clock.advance(5 * HOUR)
    job = desk.hand_over().job
    assert desk.age.left(job.expires_s) == timedelta(hours=1)
    desk.clock.advance(2 * HOUR)
    assert desk.age.left(job.expires_s) == timedelta()


def test_a_night_without_a_network_keeps_a_crisis_s_message_and_the_network_tries_for_its_own_hour(desk: Desk) -> None:
    desk.outbox.follow(ModemSection())
    desk.outbox.put("+33612345678", "Évacuez", split("Évacuez"), "a", SmsSeverity.CRISIS)
    desk.clock.advance(12 * HOUR)
    job = desk.hand_over().job
    assert desk.age.left(job.expires_s, job.network_s) == timedelta(hours=1)
    desk.clock.advance(11 * HOUR + 2400)
    assert desk.age.left(job.expires_s, job.network_s) == timedelta(minutes=20)


# -- clocks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disciplined", [False, True])
@pytest.mark.parametrize(
    "step", [timedelta(days=365 * 56), timedelta(days=3), timedelta(days=-9), -timedelta(days=20_000)]
)
def test_a_clock_that_is_set_neither_ends_nor_keeps_anything(desk: Desk, step: timedelta, disciplined: bool) -> None:
    desk.disciplined = disciplined
    desk.put("Évacuez")
    desk.care()
    desk.clock.advance(HOUR)
    desk.clock.wall += step
    desk.care()
    desk.start()  # a crash makes no difference
    desk.care()
    assert desk.has_work()
    desk.clock.advance(5 * HOUR)
    desk.care()
    assert desk.states() == [("expired", False)]


def test_over_a_reboot_into_1970_running_time_counts_on(desk: Desk) -> None:
    desk.put("Évacuez")
    desk.clock.advance(4 * HOUR)
    desk.care()
    desk.reboot(wall=EPOCH)
    desk.care()
    desk.clock.advance(2 * HOUR - 21)
    desk.care()
    assert desk.has_work()
    desk.clock.advance(2)
    desk.care()
    assert not desk.has_work()


def test_a_box_that_was_off_for_three_days_sends_nothing_old_and_everything_new(desk: Desk) -> None:
    desk.disciplined = True
    desk.put("Évacuez")
    desk.care()
    desk.disciplined = False  # no link yet, no clock battery
    desk.reboot(wall=EPOCH)
    desk.put("Restez chez vous")
    desk.care()
    desk.clock.advance(HOUR)
    desk.clock.wall = datetime(2026, 1, 4, tzinfo=UTC)  # a time server is heard at last
    desk.disciplined = True
    desk.care()
    assert desk.states() == [("expired", False), ("queued", False)]
    desk.start()
    desk.care()  # counted once
    desk.clock.advance(5 * HOUR - 30)
    desk.care()
    assert desk.states()[1] == ("queued", False)
    desk.clock.advance(60)
    desk.care()
    assert desk.states()[1] == ("expired", False)


def test_off_for_a_short_while_a_message_still_goes(desk: Desk) -> None:
    desk.disciplined = True
    desk.put("Évacuez")
    desk.care()
    desk.disciplined = False
    desk.reboot(wall=desk.clock.now() + timedelta(hours=2))
    desk.care()
    desk.disciplined = True
    desk.care()
    assert desk.age.left(desk.hand_over().job.expires_s) == timedelta(hours=4)


def test_where_no_clock_ever_told_how_long_the_box_was_off_only_running_counts(desk: Desk) -> None:
    desk.put("Évacuez")
    desk.clock.advance(HOUR)
    desk.care()
    desk.reboot(wall=datetime(2030, 1, 1, tzinfo=UTC))
    desk.disciplined = True
    desk.care()
    assert desk.age.left(desk.hand_over().job.expires_s) == timedelta(hours=5, seconds=-20)


def test_a_time_server_that_is_wrong_after_the_box_was_known_ends_nothing(desk: Desk) -> None:
    """Off, then on and told the time; a step after that is a step, also over a crash of the daemon."""
    desk.disciplined = True
    desk.put("Évacuez")
    desk.care()
    desk.disciplined = False
    desk.reboot()
    desk.care()
    desk.disciplined = True
    desk.care()
    desk.clock.wall += timedelta(days=30)
    desk.start()
    desk.care()
    assert desk.has_work()
    running = Counted(anchor=Anchor(datetime(2026, 1, 1, tzinfo=UTC), 0.0))
    assert told(running, datetime(2026, 2, 1, tzinfo=UTC))[1] == 0


def test_a_message_accepted_just_before_the_power_was_cut_is_older_for_it_too(desk: Desk) -> None:
    desk.disciplined = True
    desk.care()
    desk.clock.advance(30)  # the count was kept half a minute ago
    desk.put("Évacuez")
    desk.reboot(wall=desk.clock.now() + timedelta(days=3))
    desk.care()
    assert desk.states() == [("expired", False)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["run", "off", "restart"]),
            st.floats(1, 5 * DAY),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_the_count_never_goes_back_and_never_passes_the_truth(history: list[tuple[str, float, bool]]) -> None:
    """With a clock that is right whenever it is disciplined. A message's age: what it missed is added once."""
    truth, mono, boot = 0.0, 100.0, 0
    start = datetime(2026, 1, 1, tzinfo=UTC)
    counted = resumed(Counted(), 0.0, "0", mono)
    older = 0.0  # of a message accepted at the beginning
    running = 0.0
    certain = True  # every moment up to now lies between two disciplined ones or in one boot
    for deed, seconds, disciplined in history:
        before = counted.seconds
        if deed == "run":
            truth, mono, running = truth + seconds, mono + seconds, running + seconds
        elif deed == "off":
            truth, mono, boot = truth + seconds + 20, 20.0, boot + 1
            running += 20
            certain = certain and counted.anchor is not None
        counted = resumed(counted, 0.0, str(boot), mono) if deed in ("off", "restart") else later(counted, mono)
        assert counted.seconds >= before
        if disciplined:
            off_since = counted.off_since_s
            counted, missing = told(counted, start + timedelta(seconds=truth))
            if off_since is not None:
                older += missing
        age = counted.seconds + older
        assert running - 1e-3 <= age <= truth + 1e-3
        if disciplined and certain:
            assert age == pytest.approx(truth, abs=0.01)


# -- long messages ----------------------------------------------------------------------------------------------


def test_a_long_message_of_which_a_part_has_left_is_finished_and_not_for_ever(desk: Desk) -> None:
    desk.put(LONG)
    first = desk.hand_over()
    desk.dispatch.submitted(Accepted(first, 7))
    desk.clock.advance(ROUTINE_S + 1)
    desk.care()
    assert [state for state, _ in desk.states()] == ["submitted", "queued"]
    second = desk.dispatch.reserve("m1", "m1", ANY)
    assert second is not None
    assert desk.age.left(second.expires_s) == timedelta(seconds=ROUTINE_S - 1)
    desk.dispatch.release("m1")
    desk.clock.advance(ROUTINE_S)
    desk.care()
    assert desk.states() == [("submitted", False), ("expired", False)]


def test_a_long_message_of_which_nothing_left_expires_whole(desk: Desk) -> None:
    desk.put(LONG)
    first = desk.hand_over()
    desk.clock.advance(ROUTINE_S + 1)
    desk.care()
    assert [state for state, _ in desk.states()] == ["claimed", "queued"]  # just being handed over
    desk.dispatch.refused(first, "+CMS ERROR: 38", 38)
    desk.care()
    assert desk.states() == [("expired", False)] * 2


# -- what nobody knows of ---------------------------------------------------------------------------------------


def test_an_uncertain_part_whose_time_is_over_is_not_sent_again(desk: Desk) -> None:
    desk.put("Évacuez", validity_s=60)
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    assert desk.resend() == 0
    desk.clock.advance(61)
    desk.care()
    assert desk.states() == [("uncertain", False)]  # its report may still come
    desk.clock.advance(WINDOW.total_seconds())
    assert desk.resend() == 0
    assert desk.states() == [("expired", True)]
    assert desk.parts()[0].maybe_dup is False  # it went once at most
    assert not desk.has_work()


def test_sent_again_and_then_expired_it_may_be_there_twice(desk: Desk) -> None:
    desk.put("Évacuez", validity_s=200)
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    desk.resend()
    desk.clock.advance(WINDOW.total_seconds())
    assert desk.resend() == 1
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    desk.resend()
    desk.clock.advance(WINDOW.total_seconds())
    assert desk.resend() == 0
    assert (desk.states(), desk.parts()[0].maybe_dup) == ([("expired", True)], True)


# -- the store --------------------------------------------------------------------------------------------------


def test_a_store_of_the_version_before_opens_and_keeps_its_queue(tmp_path: Path) -> None:
    old = Ledger(tmp_path / "modem.db", STEPS[:8])
    at = "2025-12-28T00:00:00.000000Z"
    with old.change() as db:
        for message, state in enumerate(("queued", "uncertain", "delivered"), start=1):
            db.execute(
                "INSERT INTO messages (request_id, number, phone_key, text, encoding, parts, concatenation, queued_at,"
                " change, severity) VALUES (?, '+33612345678', '612345678', 'Évacuez', 'gsm7', 1, 0, ?, ?, 'urgent')",
                (f"r{message}", at, message),
            )
            db.execute(
                "INSERT INTO segments (message, number, text, state, rank, modem, not_before, updated_at)"
                " VALUES (?, 1, 'Évacuez', ?, 1, 'm1', ?, ?)",
                (message, state, at, at),
            )
    old.close()
    desk = Desk(tmp_path)
    desk.care()
    assert [state for state, _ in desk.states()] == ["queued", "uncertain", "delivered"]
    assert desk.has_work()
    assert [row["network_s"] for row in desk.ledger.read("SELECT network_s FROM messages")] == [3 * HOUR] * 3
    desk.clock.advance(DAY - 1)
    desk.care()
    assert desk.has_work()
    desk.clock.advance(1)
    desk.care()
    assert [state for state, _ in desk.states()] == ["expired", "uncertain", "delivered"]
    desk.ledger.close()


def test_with_nothing_due_nothing_is_written_and_no_part_costs_a_commit_more(desk: Desk) -> None:
    desk.care()
    desk.put("Évacuez")
    desk.put("Restez", "+33612345679")
    asked: list[str] = []
    desk.ledger.connection.set_trace_callback(asked.append)
    first = desk.hand_over()
    job = desk.dispatch.reserve("m1", "m1", ANY)
    assert job is not None
    desk.dispatch.claim(job, "m1", "m1", Accepted(first, 7))
    desk.care()
    assert asked.count("COMMIT") == 2  # a claim; a claim with the outcome before it
    desk.clock.advance(61)
    desk.put("Partez")
    del asked[:]
    desk.care()
    desk.care()
    assert asked.count("COMMIT") == 1  # the count, once a minute while something waits
