"""What becomes of revisions, confirmations and the edited file: pure, in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.settings.decision import (
    FILE,
    REVISIONS_KEPT,
    ROLLBACK,
    Applied,
    Book,
    Confirmed,
    FileSeen,
    RequestReused,
    Tick,
    digest,
    step,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WITHIN = timedelta(seconds=60)


def seen(text: str, *, verified: bool = True) -> FileSeen:
    return FileSeen(text, verified)


def started() -> Book:
    """A book whose first revision stood in site.toml."""
    return step(Book(), seen("one"), NOW).book


def apply(book: Book, text: str, request_id: str, within: timedelta | None = None) -> Book:
    return step(book, Applied(text, "root", request_id, within), NOW).book


def test_the_first_file_becomes_the_first_revision() -> None:
    outcome = step(Book(), seen("one"), NOW)
    assert outcome.book.current is not None
    assert (outcome.book.current.revision, outcome.book.current.author) == (1, FILE)
    assert not outcome.write_file


def test_a_wrong_file_changes_nothing() -> None:
    book = started()
    assert step(book, seen("broken", verified=False), NOW).book == book
    assert step(Book(), seen("broken", verified=False), NOW).book == Book()


def test_an_edited_file_is_a_new_revision_and_settles_what_waited() -> None:
    book = apply(started(), "two", "a", WITHIN)
    outcome = step(book, seen("three"), NOW)
    assert outcome.book.current is not None
    assert (outcome.book.current.text, outcome.book.current.author, outcome.book.pending) == ("three", FILE, None)


def test_apply_asks_for_the_file_to_be_written() -> None:
    outcome = step(started(), Applied("two", "root", "a"), NOW)
    assert outcome.write_file
    assert outcome.book.pending is None


def test_a_crash_between_book_and_file_is_settled_by_writing_the_file() -> None:
    book = apply(started(), "two", "a")
    outcome = step(book, seen("one"), NOW)  # the file is as it was before the apply
    assert outcome.write_file
    assert outcome.book == book


def test_after_the_file_followed_the_old_text_is_an_edit() -> None:
    book = step(apply(started(), "two", "a"), seen("two"), NOW).book
    outcome = step(book, seen("one"), NOW)
    assert outcome.book.current is not None
    assert (outcome.book.current.text, outcome.book.current.author) == ("one", FILE)


def test_the_same_request_is_once_the_deed() -> None:
    book = apply(started(), "two", "a")
    assert step(book, Applied("two", "root", "a"), NOW).book == book
    with pytest.raises(RequestReused):
        step(book, Applied("three", "root", "a"), NOW)


def test_without_confirmation_the_revision_before_comes_back() -> None:
    book = apply(started(), "two", "a", WITHIN)
    assert step(book, Tick(), NOW + WITHIN - timedelta(seconds=1)).book == book
    outcome = step(book, Tick(), NOW + WITHIN)
    assert outcome.write_file
    assert outcome.book.current is not None
    assert (outcome.book.current.text, outcome.book.current.author) == ("one", ROLLBACK)
    assert outcome.book.pending is None


def test_a_clock_that_was_set_back_does_not_keep_an_unconfirmed_revision() -> None:
    book = apply(started(), "two", "a", WITHIN)
    outcome = step(book, Tick(overdue=True), NOW - timedelta(days=1))
    assert outcome.book.current is not None
    assert outcome.book.current.author == ROLLBACK


def test_confirmed_it_stays() -> None:
    book = step(apply(started(), "two", "a", WITHIN), Confirmed(), NOW).book
    assert step(book, Tick(), NOW + 10 * WITHIN).book == book


def test_a_second_unconfirmed_one_goes_back_to_the_last_confirmed() -> None:
    book = apply(apply(started(), "two", "a", WITHIN), "three", "b", WITHIN)
    outcome = step(book, Tick(), NOW + WITHIN)
    assert outcome.book.current is not None
    assert outcome.book.current.text == "one"


def test_the_very_first_document_has_nothing_to_go_back_to() -> None:
    assert step(Book(), Applied("one", "root", "a", WITHIN), NOW).book.pending is None


EVENTS = st.one_of(
    st.builds(
        Applied,
        st.sampled_from(["one", "two", "three"]),
        st.just("root"),
        st.uuids().map(str),
        st.sampled_from([None, WITHIN]),
    ),
    st.just(Confirmed()),
    st.builds(FileSeen, st.sampled_from(["one", "two", "edited"]), st.booleans()),
    st.builds(Tick, st.booleans()),
)


@given(st.lists(EVENTS, max_size=120))
def test_whatever_happens_the_book_stays_sound(events: list[Applied | Confirmed | FileSeen | Tick]) -> None:
    book, now = started(), NOW
    for event in events:
        now += timedelta(seconds=20)
        before = book
        book = step(book, event, now).book
        numbers = [entry.revision for entry in book.entries]
        assert numbers == sorted(set(numbers))
        assert book.current is not None
        assert book.last == book.current.revision >= before.last
        assert len(numbers) <= REVISIONS_KEPT + 1
        if book.pending is not None:
            assert book.pending.previous in numbers
            assert book.pending.revision == book.last
        if isinstance(event, FileSeen) and not event.verified:
            assert book.entries == before.entries
        if isinstance(event, FileSeen) and digest(event.text) == book.file_digest:
            assert event.text in {entry.text for entry in book.entries} or before.file_digest == book.file_digest
