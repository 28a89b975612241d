"""Phones that go together, at times of our own."""

from __future__ import annotations

from edge.voice.vanishing import SHOWN_S, Presence, step

ALL = frozenset(str(number) for number in range(101, 121))


def first(count: int) -> frozenset[str]:
    return frozenset(sorted(ALL)[:count])


def seen(*looks: tuple[float, frozenset[str]]) -> Presence:
    """What is known after these looks, the first with everybody there."""
    presence = step(Presence(), ALL, 0.0)
    for now, gone in looks:
        presence = step(presence, ALL - gone, now)
    return presence


def test_five_within_ten_seconds_are_one_thing() -> None:
    presence = seen((100.0, first(2)), (105.0, first(4)), (110.0, first(5)))
    assert presence.together.keys() == first(5)


def test_four_are_not() -> None:
    assert not seen((100.0, first(4)), (200.0, first(4))).together


def test_five_one_after_the_other_are_not() -> None:
    assert not seen(*((100.0 + 11 * n, first(n)) for n in range(1, 12))).together


def test_one_just_too_late_is_not_one_of_them() -> None:
    assert not seen((100.0, first(4)), (110.1, first(5))).together


def test_those_who_follow_at_once_join_them_and_a_later_one_does_not() -> None:
    presence = seen((100.0, first(5)), (105.0, first(7)), (300.0, first(8)))
    assert presence.together.keys() == first(7)


def test_who_comes_back_is_not_gone() -> None:
    assert seen((100.0, first(6)), (160.0, first(1))).together.keys() == first(1)
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
    assert not step(Presence(), frozenset(), 50.0).together
