"""Phones that go together, at times of our own."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from edge.voice.vanishing import MANY, SHOWN_S, TOGETHER_S, Presence, Seen, Span, forgetful, step

ALL = frozenset(str(number) for number in range(101, 121))


def first(count: int) -> frozenset[str]:
    return frozenset(sorted(ALL)[:count])


def there(extensions: Iterable[str]) -> dict[str, Seen]:
    """Each with a device of its own."""
    return {who: Seen(frozenset({f"10.0.0.{who}"})) for who in extensions}


def seen(*looks: tuple[float, frozenset[str]]) -> Presence:
    """What is known after these looks, the first with everybody there."""
    presence = step(Presence(), there(ALL), 0.0)
    for now, gone in looks:
        presence = step(presence, there(ALL - gone), now)
    return presence


def test_five_within_ten_seconds_are_one_thing() -> None:
    presence = seen((100.0, first(2)), (105.0, first(4)), (110.0, first(5)))
    assert presence.together == first(5)


def test_four_are_not() -> None:
    assert not seen((100.0, first(4)), (200.0, first(4))).together


def test_five_one_after_the_other_are_not() -> None:
    assert not seen(*((100.0 + 11 * n, first(n)) for n in range(1, 12))).together


def test_one_just_too_late_is_not_one_of_them() -> None:
    assert not seen((100.0, first(4)), (110.1, first(5))).together


def test_those_who_follow_at_once_join_them_and_a_later_one_does_not() -> None:
    presence = seen((100.0, first(5)), (105.0, first(7)), (300.0, first(8)))
    assert presence.together == first(7)


def test_who_comes_back_is_not_gone() -> None:
    assert seen((100.0, first(6)), (160.0, first(1))).together == first(1)
    assert not seen((100.0, first(6)), (160.0, frozenset())).together


def test_one_who_came_back_in_between_does_not_count() -> None:
    assert not seen((100.0, first(4)), (105.0, frozenset()), (108.0, frozenset({"120"}))).together


def test_the_same_phone_that_goes_five_times_is_one_phone() -> None:
    looks = [(100.0 + n, first(1) if n % 2 else frozenset[str]()) for n in range(10)]
    assert not seen(*looks).together


def test_it_is_said_for_an_hour() -> None:
    assert seen((100.0, first(5)), (100.0 + SHOWN_S - 1, first(5))).together
    assert not seen((100.0, first(5)), (100.0 + SHOWN_S, first(5))).together


def test_nobody_known_yet_is_nobody_gone() -> None:
    assert not step(Presence(), {}, 50.0).together


def test_thirty_extensions_of_one_device_are_one_phone() -> None:
    base = {str(number): Seen(frozenset({"10.0.0.9"})) for number in range(200, 230)}
    presence = step(step(Presence(), {**there(first(5)), **base}, 0.0), there({"105"}), 50.0)
    assert len(presence.gone) == 34
    assert presence.together == presence.gone.keys(), "four desks and the base are five"
    assert not step(step(Presence(), {**there(first(5)), **base}, 0.0), there({"104", "105"}), 50.0).together


def test_after_a_restart_those_who_are_not_known_are_not_gone() -> None:
    before = step(Presence(), there(ALL), 0.0)
    held = there(first(2))
    after = step(forgetful(before, held), held, 5.0)
    assert not after.gone
    assert after.there.keys() == first(2)


def test_what_was_gone_before_a_restart_still_is() -> None:
    before = seen((100.0, first(5)))
    held = there(ALL - first(5))
    assert step(forgetful(before, held), held, 105.0).together == first(5)


def test_silence_is_of_the_time_it_began_whenever_it_is_found() -> None:
    """The last of them is asked 12 s after the first."""
    all_there = there(first(5))
    presence = step(Presence(), all_there, 100.0)
    for found, count in ((118.0, 2), (123.0, 4), (128.0, 5)):
        silent = {who: Seen(one.devices, Span(99.0, 112.0 + count)) for who, one in there(first(count)).items()}
        presence = step(presence, {**all_there, **silent}, found)
    assert presence.together == first(5)


def test_silent_ones_whose_registrations_end_stay_gone_since_then() -> None:
    silent = {who: Seen(one.devices, Span(99.0, 112.0)) for who, one in there(first(5)).items()}
    presence = step(step(Presence(), there(first(5)), 100.0), silent, 120.0)
    ended = step(presence, {}, 900.0)
    assert ended.together == first(5)
    assert ended.gone == presence.gone


# When each of some phones went, and how exactly that is known: up to so long before and after.
WENT = st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(0.0, 15.0), st.floats(0.0, 15.0)), min_size=1, max_size=12)


def found(spans: list[Span]) -> frozenset[str]:
    """Who is said to have gone together; each look finds one of them."""
    everybody = there(str(at) for at in range(len(spans)))
    presence = step(Presence(), everybody, 0.0)
    for at in range(len(spans)):
        silent = {str(n): Seen(everybody[str(n)].devices, spans[n]) for n in range(at + 1)}
        presence = step(presence, {**everybody, **silent}, 100.0 + at)
    return presence.together


@given(WENT)
def test_five_that_went_within_ten_seconds_are_always_found(went: list[tuple[float, float, float]]) -> None:
    together = found([Span(at - before, at + after) for at, before, after in went])
    for start, _, _ in went:
        alike = {str(n) for n, (at, _, _) in enumerate(went) if start <= at <= start + TOGETHER_S}
        assert len(alike) < MANY or alike <= together


@given(WENT)
def test_who_is_found_may_have_gone_with_four_others(went: list[tuple[float, float, float]]) -> None:
    spans = [Span(at - before, at + after) for at, before, after in went]
    together = found(spans)
    for who in together:
        one = spans[int(who)]
        near = [
            other
            for other in spans
            if other.after - TOGETHER_S <= one.before and one.after - TOGETHER_S <= other.before
        ]
        assert len(near) >= MANY
