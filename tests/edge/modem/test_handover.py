"""Handing parts to gateways: what answers and receipts make of the ledger, without any gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from edge.modem.bell import Bell
from edge.modem.office import Office, open_office
from edge.modem.panel_link import PanelLink
from edge.modem.pdu.header import Concatenation
from edge.modem.pdu.parts import split
from edge.modem.sending.allowance import Permission
from edge.modem.sending.dispatch import Claim
from edge.modem.sending.outcomes import (
    DELIVERED,
    FAILED,
    TRYING,
    Answer,
    NotTaken,
    Policy,
    Receipt,
    Refusal,
    Taken,
    Unanswered,
)
from edge.modem.store.schema import STEPS
from edge.shared.clock import VirtualClock
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import SmsSeverity
from edge.shared.model import ModemSection, SeverityRules

EVERY = list(SmsSeverity)
BOTH_WAYS = Policy(take=EVERY, leave=EVERY, modem_ready=True)
GATEWAY_ALONE = Policy(take=EVERY, leave=[])
MODEM_AWAY = Policy(take=EVERY, leave=EVERY)
LONG = "Évacuation immédiate. Rejoignez le gymnase. " * 8


@dataclass
class Desk:
    """One outbox, and the gateway g1."""

    office: Office
    ledger: Ledger
    clock: VirtualClock
    policy: Policy = BOTH_WAYS

    def put(self, phone: str, text: str = "Crue", severity: SmsSeverity = SmsSeverity.ROUTINE) -> None:
        self.office.outbox.put(phone, text, split(text), f"{phone} {text}", severity)

    def turn(self, *came: Answer | Receipt, room: int = 0) -> list[Claim]:
        answers = [each for each in came if not isinstance(each, Receipt)]
        receipts = [each for each in came if isinstance(each, Receipt)]
        return self.office.handover.turn("g1", self.policy, answers, receipts, room)

    def whole(self) -> list[Claim]:
        """All parts of the next message at once, as an HTTP gateway takes them."""
        return self.office.handover.turn("g1", self.policy, [], [], 1, whole=True)

    def states(self) -> list[str]:
        return [row["state"] for row in self.ledger.read("SELECT state FROM segments ORDER BY id")]

    def statements(self) -> list[str]:
        """What SQLite is asked from now on."""
        asked: list[str] = []
        self.ledger.connection.set_trace_callback(asked.append)
        return asked


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    ledger, clock = Ledger(tmp_path / "modem.db", STEPS), VirtualClock()
    yield Desk(open_office(ledger, clock, Bell(), PanelLink(tmp_path / "panel")), ledger, clock)
    ledger.close()


def receipt(given: str | None, phone: str = "33612345678", status: int = DELIVERED, **more: object) -> Receipt:
    return Receipt(given, (phone, "MAIRIE"), status, **more)  # type: ignore[arg-type]


def test_a_turn_is_one_transaction_whatever_it_holds(desk: Desk) -> None:
    for number in range(60):
        desk.put(f"+3361234{number:04d}")
    first = desk.turn(room=20)
    asked = desk.statements()
    answers = [Taken(claim, str(claim.attempt)) for claim in first]
    receipts = [receipt(str(claim.attempt), claim.job.number) for claim in first]
    assert len(desk.turn(*answers, *receipts, room=20)) == 20
    assert [each for each in asked if each.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert desk.states().count("delivered") == 20


def test_with_nothing_to_do_nothing_is_written(desk: Desk) -> None:
    asked = desk.statements()
    assert desk.turn(room=10) == []
    assert not any(each.startswith("BEGIN") for each in asked)


def test_a_gateway_gets_nothing_that_is_too_old_or_was_taken_back_and_what_is_left_of_the_time(desk: Desk) -> None:
    desk.office.outbox.follow(ModemSection(urgent=SeverityRules(wait_h=3.0), wait_h=6.0))
    desk.put("+33612340001", severity=SmsSeverity.URGENT)
    desk.put("+33612340002")
    desk.put("+33612340003")
    (third,) = desk.office.outbox.ids([], ["+33612340003 Crue"], None)
    desk.clock.advance(3 * 3600)
    desk.office.expiry.withdraw([third], None)
    (claim,) = desk.turn(room=9)
    assert claim.job.number == "+33612340002"
    assert desk.office.age.left(claim.job.expires_s) == timedelta(hours=3)


def test_what_a_gateway_refuses_or_loses_is_not_sent_again_once_it_was_taken_back(desk: Desk) -> None:
    desk.put("+33612340001")
    desk.put("+33612340002")
    refused, lost = desk.turn(room=9)
    desk.office.expiry.withdraw([1, 2], None)
    assert desk.turn(NotTaken(refused, Refusal.SLOWER, "x"), Unanswered(lost, "y"), room=9) == []
    assert desk.office.settling.resend_unreported("g1", timedelta(0), None) == 0
    assert desk.states() == ["withdrawn", "withdrawn"]
    assert desk.office.outbox.entries()[0].segments[0].may_have_left
    assert desk.turn(room=9) == []
    desk.turn(receipt(None, "33612340002"))
    assert desk.states() == ["withdrawn", "delivered"]  # it had reached the phone
    assert not desk.office.outbox.entries()[0].segments[0].may_have_left


def test_thousands_waiting_cost_a_turn_nothing(desk: Desk) -> None:
    """Counted in rows that SQLite looks at, not in time."""
    with desk.ledger.change():
        pass
    for number in range(300):
        desk.put(f"+3361234{number:04d}")
    few = _steps(desk, lambda: desk.turn(room=5))
    with desk.ledger.change() as db:
        for _ in range(4):
            db.execute(
                "INSERT INTO messages (request_id, number, phone_key, text, encoding, parts, concatenation, queued_at,"
                " severity, change) SELECT request_id || hex(randomblob(8)), number, phone_key, text, encoding, parts,"
                " concatenation, queued_at, severity, -abs(random()) FROM messages"
            )
        db.execute(
            "INSERT INTO segments (message, number, text, state, rank, not_before, updated_at) SELECT id, 1, text,"
            " 'queued', 2, queued_at, queued_at FROM messages WHERE id NOT IN (SELECT message FROM segments)"
        )
    many = _steps(desk, lambda: desk.turn(room=5))
    assert desk.states().count("queued") > 4000
    assert many < few * 2
    # The modems look at nothing of what waits for a gateway, however often they are woken.
    permission = Permission(severities=EVERY, wait_s=None, newcomers=True)
    assert _steps(desk, lambda: desk.office.dispatch.reserve("m1", "sim", permission, open_to=[])) < few


def _steps(desk: Desk, deed: object) -> int:
    counted = [0]

    def count() -> None:
        counted[0] += 1

    desk.ledger.connection.set_progress_handler(count, 10)
    deed()  # type: ignore[operator]
    desk.ledger.connection.set_progress_handler(None, 0)
    return counted[0]


def test_the_most_urgent_goes_first(desk: Desk) -> None:
    desk.put("+33612340001")
    desk.put("+33612340002", severity=SmsSeverity.URGENT)
    desk.put("+33612340003", severity=SmsSeverity.CRISIS)
    assert [claim.job.number[-1] for claim in desk.turn(room=2)] == ["3", "2"]


@pytest.mark.parametrize(("answered", "receipted"), [("2a", "42"), ("42", "2a"), ("abc-7", "abc-7")])
def test_a_receipt_finds_its_part_by_id_in_either_notation(desk: Desk, answered: str, receipted: str) -> None:
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    desk.turn(Taken(claim, answered))
    desk.turn(receipt(receipted))
    assert desk.states() == ["delivered"]


def test_an_id_that_reads_as_anothers_in_the_other_notation_is_its_own(desk: Desk) -> None:
    """40 is 28 in hexadecimal, and 28 is another phone's; the answer that says 40 is still to come."""
    for phone in ("+33612340028", "+33612340040"):
        desk.put(phone)
    first, second = desk.turn(room=2)
    desk.turn(Taken(first, "28"), receipt("40", "33612340040"))
    assert desk.states() == ["submitted", "claimed"]
    desk.turn(Taken(second, "40"))
    assert desk.states() == ["submitted", "delivered"]


def test_a_receipt_before_the_answer_waits_for_it(desk: Desk) -> None:
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    desk.turn(receipt("7"))
    assert desk.states() == ["claimed"]
    desk.turn(Taken(claim, "7"))
    assert desk.states() == ["delivered"]


def test_a_receipt_before_the_answer_that_was_about_something_else_is_forgotten(desk: Desk) -> None:
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    desk.turn(receipt("999"))
    desk.turn(Taken(claim, "7"))
    assert desk.states() == ["submitted"]
    desk.turn(receipt("7", status=FAILED))
    assert desk.states() == ["failed"]


def test_our_own_number_in_a_receipt_tells_which_of_two_lost_answers_it_is(desk: Desk) -> None:
    desk.put("+33612345678", LONG[:200])
    first, second, *_ = desk.whole()
    desk.turn(Unanswered(first, "cut"), Unanswered(second, "cut"))
    desk.turn(receipt("7", attempt=second.attempt))
    assert desk.states() == ["uncertain", "delivered"]
    desk.turn(receipt("8", attempt=12_345))  # of somebody else who uses the account
    assert desk.states() == ["uncertain", "delivered"]


def test_a_receipt_that_says_it_is_still_tried_settles_that_it_was_taken(desk: Desk) -> None:
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    desk.turn(Unanswered(claim, "cut"))
    desk.turn(receipt("7", status=TRYING))
    assert desk.states() == ["submitted"]


def test_a_throttled_part_belongs_to_nobody_and_has_lost_no_try(desk: Desk) -> None:
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    (again,) = desk.turn(NotTaken(claim, Refusal.SLOWER, "ESME_RTHROTTLED"), room=1)
    assert (again.attempts, again.job.segment) == (1, claim.job.segment)
    desk.turn(NotTaken(again, Refusal.SLOWER, "ESME_RTHROTTLED"))
    assert desk.ledger.read("SELECT modem FROM messages")[0]["modem"] is None


def test_a_passing_trouble_is_tried_three_times_then_left_to_a_modem(desk: Desk) -> None:
    desk.put("+33612345678")
    for _ in range(3):
        (claim,) = desk.turn(room=1)
        desk.turn(NotTaken(claim, Refusal.PASSING, "ESME_RSYSERR"))
        assert desk.turn(room=1) == []  # it waits
        desk.clock.advance(10)
    assert desk.turn(room=1) == []
    assert desk.ledger.read("SELECT left_to_modems, state FROM segments")[0][:] == (1, "queued")


def test_nothing_follows_an_uncertain_part_to_its_phone_until_its_receipt_came(desk: Desk) -> None:
    """A receipt without a known id says the phone only: it must not be taken for that of a part which never arrived."""
    desk.put("+33612345678", "Crue 1")
    (first,) = desk.turn(room=1)
    desk.turn(Unanswered(first, "cut"))
    desk.put("+33612345678", "Crue 2")
    desk.put("+33612345679", "Crue 3")
    desk.clock.advance(60)
    assert [claim.job.text for claim in desk.turn(room=9)] == ["Crue 3"]
    assert [claim.job.text for claim in desk.turn(receipt("x5"), room=9)] == ["Crue 2"]
    assert desk.states() == ["delivered", "claimed", "claimed"]


def test_the_parts_of_a_message_go_one_after_another_and_hold_up_nobody_else(desk: Desk) -> None:
    desk.put("+33612345678", LONG)
    desk.put("+33612345678", "Crue")
    desk.put("+33612345679", "Crue")
    first, other = desk.turn(room=2)
    assert (first.job.concatenation, other.job.number) == (Concatenation(0, 3, 1), "+33612345679")
    assert desk.turn(room=9) == []
    (second,) = desk.turn(Taken(first, "1"), room=9)
    assert second.job.concatenation == Concatenation(0, 3, 2)


@pytest.mark.parametrize("policy", [GATEWAY_ALONE, MODEM_AWAY])
def test_a_passing_trouble_is_waited_out_where_nothing_else_could_send(desk: Desk, policy: Policy) -> None:
    desk.policy = policy
    desk.put("+33612345678")
    for _ in range(20):
        (claim,) = desk.turn(room=1)
        desk.turn(NotTaken(claim, Refusal.PASSING, "ESME_RSYSERR"))
        desk.clock.advance(60)
    (claim,) = desk.turn(room=1)
    desk.turn(Taken(claim, "7"))
    assert desk.states() == ["submitted"]


def test_a_yes_that_no_gateway_would_say_leaves_the_message_to_a_modem_and_marks_it(desk: Desk) -> None:
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    desk.turn(NotTaken(claim, Refusal.LASTING, "HTTP 200: a web page for an answer", in_doubt=True))
    assert desk.ledger.read("SELECT left_to_modems, state, maybe_dup FROM segments")[0][:] == (1, "queued", 1)


def test_the_receipt_of_what_was_taken_without_an_id_is_found_by_its_phone(desk: Desk) -> None:
    desk.put("+33612345678")
    desk.put("+33612345679")
    first, second = desk.turn(room=2)
    desk.turn(Taken(first, None), Taken(second, None))
    desk.turn(receipt("x5", "+33612345679"))
    assert desk.states() == ["submitted", "delivered"]


def test_refused_with_no_other_way_it_has_failed(desk: Desk) -> None:
    desk.policy = GATEWAY_ALONE
    desk.put("+33612345678")
    (claim,) = desk.turn(room=1)
    desk.turn(NotTaken(claim, Refusal.LASTING, "ESME_RINVDSTADR"))
    assert desk.states() == ["failed"]


@pytest.mark.parametrize("late", [Taken, Unanswered])
def test_refused_in_its_middle_the_whole_message_is_left_to_a_modem(desk: Desk, late: type) -> None:
    desk.put("+33612345678", LONG)
    first, second, third = desk.whole()
    desk.turn(Taken(first, "1"), NotTaken(second, Refusal.LASTING, "ESME_RINVDSTADR"))
    desk.turn(late(third, "3"))
    desk.turn(receipt("1"))
    rows = desk.ledger.read("SELECT state, left_to_modems, maybe_dup FROM segments ORDER BY id")
    assert [row[:] for row in rows] == [("queued", 1, 1), ("queued", 1, 0), ("queued", 1, 1)]
    assert desk.turn(room=9) == []
