"""Long messages as networks deliver them, and what is no message: nothing lost, nothing doubled, nothing made up."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.modem.bell import Bell
from edge.modem.pdu.tpdu import StatusReport
from edge.modem.receiving.inbox import Inbox
from edge.modem.store.schema import STEPS
from edge.shared.clock import VirtualClock
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import AsideReason
from tests.edge.modem.incoming import concatenation, deliver, deliver_septets, sender, stamp

PHONE, OTHER = "+33612345678", "+33698765432"


@dataclass
class Post:
    """An inbox of its own, with a clock of its own."""

    folder: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    reports: list[StatusReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As after kill -9: only what is committed is left."""
        if hasattr(self, "ledger"):
            self.ledger.close()
        self.ledger = Ledger(self.folder / "modem.db", STEPS)
        self.ledger.connection.execute("PRAGMA synchronous=OFF")
        self.inbox = Inbox(self.ledger, self.clock, Bell(), lambda _db, _modem, report: self.reports.append(report))

    def part(
        self,
        text: str,
        number: int,
        total: int,
        *,
        reference: int = 7,
        phone: str = PHONE,
        sent: timedelta = timedelta(),
        modem: str = "m1",
        wide: bool = False,
    ) -> None:
        """One part comes in; sent: when the centre took it, after the beginning of this clock."""
        self.come(part(text, number, total, reference, phone, self.clock.wall + sent, wide=wide), modem)

    def come(self, pdu: str, modem: str = "m1") -> None:
        """A PDU comes in and is deleted there."""
        self.inbox.take(modem, "ME", {1: pdu})
        self.inbox.deleted(modem, "ME", [1])

    def wait(self, minutes: float) -> None:
        """So long nothing comes."""
        self.clock.advance(60 * minutes)
        self.inbox.show_incomplete()

    def texts(self) -> list[str]:
        """What people see."""
        return [sms.text for sms in self.inbox.after(0, 1000)]


def part(
    text: str, number: int, total: int, reference: int, phone: str, sent_at: datetime, *, wide: bool = False
) -> str:
    return deliver(
        text.encode("utf-16-be"),
        elements=[concatenation(reference, total, number, wide=wide)],
        sender=sender(phone),
        stamp=stamp(sent_at),
    )


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    post = Post(tmp_path)
    yield post
    post.ledger.close()


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


# -- parts in any order, twice, through any modem, through restarts --------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """One long message of a phone."""

    phone: str
    reference: int
    texts: tuple[str, ...]
    at: timedelta
    lost: frozenset[int]  # parts that do not come in time
    late: bool  # whether these come after all

    def seen(self, *, in_time: bool) -> str:
        return "".join(
            "[…]" if number in self.lost and (in_time or not self.late) else text
            for number, text in enumerate(self.texts, start=1)
        )


@st.composite
def mail(draw: st.DrawFn) -> list[Sent]:
    """Messages of two phones that have two references between them, five minutes apart where they share one."""
    sent = []
    for place in range(draw(st.integers(1, 5))):
        total = draw(st.integers(2, 4))
        lost = draw(st.frozensets(st.integers(1, total), max_size=total - 1))
        texts = tuple(f"<{place}/{number}>" for number in range(1, total + 1))
        phone, reference = draw(st.sampled_from([PHONE, OTHER])), draw(st.integers(0, 1))
        sent.append(Sent(phone, reference, texts, timedelta(minutes=5 * place), lost, draw(st.booleans())))
    return sent


@settings(max_examples=60)
@given(mail(), st.data())
def test_whatever_the_order_each_message_is_shown_once(messages: list[Sent], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        post = Post(Path(folder))
        in_time = [
            (sent, number) for sent in messages for number in range(1, len(sent.texts) + 1) if number not in sent.lost
        ]
        late = [(sent, number) for sent in messages if sent.late for number in sent.lost]
        for batch, after in ((in_time, True), (late, False)):
            twice = [*batch, *data.draw(st.lists(st.sampled_from(batch)) if batch else st.just([]))]
            for sent, number in data.draw(st.permutations(twice)):
                pdu = part(
                    sent.texts[number - 1],
                    number,
                    len(sent.texts),
                    sent.reference,
                    sent.phone,
                    post.clock.wall + sent.at + seconds(4 * number),
                )
                post.come(pdu, data.draw(st.sampled_from(["m1", "m2"])))
                post.wait(0.1)
                if data.draw(st.integers(0, 5)) == 0:
                    post.restart()
            post.wait(11)
            assert sorted(post.texts()) == sorted(sent.seen(in_time=after) for sent in messages)
            for sms in post.inbox.after(0, 100):
                assert sms.complete is ("[…]" not in sms.text)
        post.wait(60)
        assert len(post.texts()) == len(messages)
        post.ledger.close()


def test_a_late_part_makes_the_message_whole_under_a_new_number(post: Post) -> None:
    post.part("Je viens ", 1, 2)
    post.wait(11)
    (shown,) = post.inbox.after(0, 10)
    assert (shown.text, shown.complete, shown.replaces) == ("Je viens […]", False, None)
    post.clock.advance(3 * 86400)
    post.part("demain", 2, 2, sent=seconds(5))
    (whole,) = post.inbox.after(0, 10)
    assert (whole.text, whole.complete, whole.replaces) == ("Je viens demain", True, shown.seq)
    assert [sms.seq for sms in post.inbox.after(shown.seq, 10)] == [whole.seq]
    post.part("demain", 2, 2, sent=seconds(5))  # and once more
    post.wait(11)
    assert post.texts() == ["Je viens demain"]


def test_a_late_part_that_leaves_a_gap_is_shown_too(post: Post) -> None:
    post.part("un ", 1, 3)
    post.wait(11)
    post.part("trois", 3, 3, sent=seconds(9))
    assert post.texts() == ["un […][…]"]
    post.wait(11)
    assert post.texts() == ["un […]trois"]


def test_a_phone_that_restarts_at_the_same_reference(post: Post) -> None:
    post.part("A1 ", 1, 2)
    post.part("B2", 2, 2, sent=timedelta(minutes=5, seconds=4))
    post.part("B1 ", 1, 2, sent=timedelta(minutes=5))
    assert post.texts() == ["B1 B2"]
    post.part("A2", 2, 2, sent=seconds(4))
    assert post.texts() == ["B1 B2", "A1 A2"]


def test_a_machine_that_always_has_the_same_reference(post: Post) -> None:
    for place, first in enumerate(["A1 ", "B1 "]):
        post.part(first, 1, 2, reference=0, sent=seconds(30 * place))
    for place, second in enumerate(["A2", "B2"]):
        post.part(second, 2, 2, reference=0, sent=seconds(30 * place + 4))
    assert sorted(post.texts()) == ["A1 A2", "B1 B2"]
    # The same alarm the next day, and its second part is lost: it is no repetition.
    post.part("A1 ", 1, 2, reference=0, sent=timedelta(days=1))
    post.wait(11)
    assert post.texts()[-1] == "A1 […]"


def test_a_phone_that_sends_a_part_again(post: Post) -> None:
    post.part("un ", 1, 2)
    post.part("un ", 1, 2, sent=seconds(40))  # its centre took it twice
    post.part("deux", 2, 2, sent=seconds(44))
    post.part("deux", 2, 2, sent=seconds(60))
    post.wait(11)
    assert post.texts() == ["un deux"]


def test_the_same_long_message_sent_twice_is_two(post: Post) -> None:
    for start in (0, 20):
        post.part("un ", 1, 2, sent=seconds(start))
        post.part("deux", 2, 2, sent=seconds(start + 4))
    assert post.texts() == ["un deux", "un deux"]


def test_conflicting_totals_and_widths_are_shown_apart(post: Post) -> None:
    post.part("un", 1, 2)
    post.part("deux", 2, 3, sent=seconds(4))
    post.part("trois", 2, 2, wide=True, sent=seconds(8))
    assert post.texts() == []
    post.wait(11)
    assert post.texts() == ["un[…]", "[…]deux[…]", "[…]trois"]


def test_a_message_of_255_parts_the_first_the_last_and_then_backwards(post: Post) -> None:
    for number in (1, 255, *range(254, 1, -1)):
        post.part(f"{number} ", number, 255, sent=seconds(7 * number))
    assert post.texts() == ["".join(f"{number} " for number in range(1, 256))]


def test_letters_cut_between_two_parts_are_whole(post: Post) -> None:
    octets = "Venez 🚨 !".encode("utf-16-be")
    for number, piece in ((2, octets[14:]), (1, octets[:14])):
        post.come(deliver(piece, elements=[concatenation(1, 2, number)]))
    septets = b"100 \x1b", b"e !"
    for number, piece in enumerate(septets, start=1):
        post.come(deliver_septets(piece, elements=[concatenation(2, 2, number)]))
    assert post.texts() == ["Venez 🚨 !", "100 € !"]


def test_a_part_that_was_cut_is_marked(post: Post) -> None:
    post.come(deliver("un ".encode("utf-16-be"), elements=[concatenation(1, 2, 1)], length=100))
    post.come(deliver("deux".encode("utf-16-be"), elements=[concatenation(1, 2, 2)]))
    post.come(deliver("seul".encode("utf-16-be"), length=100))
    assert [(sms.text, sms.complete) for sms in post.inbox.after(0, 9)] == [("un […]deux", False), ("seul[…]", False)]


def test_a_clock_set_back_does_not_hold_a_message_for_ever(post: Post) -> None:
    post.part("un", 1, 2)
    post.clock.wall -= timedelta(days=400)
    post.wait(0)
    assert post.texts() == ["un[…]"]


# -- messages of one part --------------------------------------------------------------------------------------------


def test_what_the_network_delivers_again_is_shown_once_and_two_alike_are_two(post: Post) -> None:
    again = deliver("OUI".encode("utf-16-be"))
    post.come(again)
    post.come(again)  # in the same second: two, as fast senders do
    assert post.texts() == ["OUI", "OUI"]
    post.clock.advance(12)
    post.come(again, "m2")
    assert post.texts() == ["OUI", "OUI"]
    post.come(deliver("OUI".encode("utf-16-be"), stamp=stamp(post.clock.wall)))
    assert len(post.texts()) == 3


def test_what_was_read_and_not_deleted_is_not_taken_twice(post: Post) -> None:
    pdu = deliver("OUI".encode("utf-16-be"))
    for _ in range(3):
        post.inbox.take("m1", "SM", {4: pdu})
        post.restart()
    assert post.texts() == ["OUI"]
    post.inbox.deleted("m1", "SM", [4])
    assert post.ledger.read("SELECT * FROM taken") == []


def test_controls_are_not_shown(post: Post) -> None:
    post.come(deliver("a\0\x1b[2Jb\nc\x9f\ufffe".encode("utf-16-be")))
    assert post.texts() == ["a\ufffd\ufffd[2Jb\nc\ufffd\ufffd"]


# -- what is no message from a person --------------------------------------------------------------------------------


def test_what_is_no_message_is_kept_aside_and_shown_there(post: Post) -> None:
    pdus = {
        AsideReason.UNREADABLE: "00AB",
        AsideReason.WAITING: deliver_septets(b"Vous avez 2 messages", dcs=0xC8),
        AsideReason.DATA: deliver(b"\x01\x06\x03\xbe", dcs=0x04, elements=[bytes.fromhex("05040B8423F0")]),
        AsideReason.SILENT: deliver(b"", pid=0x40),
    }
    for pdu in pdus.values():
        post.come(pdu)
    assert post.texts() == []
    aside = post.inbox.aside(10)[::-1]
    assert {item.reason: item.pdu for item in aside} == pdus
    assert (aside[1].number, aside[1].text) == (PHONE, "Vous avez 2 messages")
    assert post.inbox.unreadable_since(days=7) == 1
    post.clock.advance(8 * 86400)
    assert post.inbox.unreadable_since(days=7) == 0


def test_a_report_with_an_unreadable_time_is_used(post: Post) -> None:
    post.come("0006070B913316325476F8" + "00" * 7 + "FF" * 7 + "00")
    assert post.reports == [StatusReport(7, PHONE, post.clock.now(), 0)]


ELEMENTS = st.one_of(
    st.binary(max_size=12),
    st.builds(concatenation, st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)),
    st.builds(lambda reference: concatenation(reference, 2, 1, wide=True), st.integers(0, 0xFFFF)),
)
ANYTHING = st.builds(
    deliver,
    st.binary(max_size=140),
    elements=st.lists(ELEMENTS, max_size=3),
    dcs=st.integers(0, 255),
    pid=st.integers(0, 255),
    length=st.one_of(st.none(), st.integers(0, 255)),
    sender=st.one_of(st.just(sender(PHONE)), st.binary(min_size=2, max_size=12)),
    stamp=st.binary(min_size=7, max_size=7),
    smsc=st.one_of(st.just(b"\0"), st.binary(min_size=1, max_size=4)),
    first=st.integers(0, 255),
)


@settings(max_examples=40)
@given(st.lists(st.one_of(ANYTHING, st.binary(max_size=60).map(bytes.hex)), max_size=40))
def test_whatever_comes_in_is_shown_or_kept_aside_and_stops_nothing(pdus: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        post = Post(Path(folder))
        post.inbox.take("m1", "ME", dict(enumerate(pdus)))
        post.come(part("OUI", 1, 1, 0, PHONE, post.clock.now()))
        post.wait(11)
        assert post.texts().count("OUI") >= 1
        assert len(post.ledger.read("SELECT * FROM long_messages WHERE waiting")) == 0
        kept = post.inbox.after(0, 1000) + post.inbox.aside(1000)
        assert all("\0" not in (item.text or "") for item in kept)
        post.ledger.close()
