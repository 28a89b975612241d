"""What the refresh benchmark makes of what the phones saw."""

from __future__ import annotations

from hil.bench.voice_refresh import Figures, report
from hil.rig.virtual.sip.registrars import Refresh


def refresh(begun: float, answer_s: float, code: int = 200) -> Refresh:
    return Refresh("201", begun, code, answer_s, 0)


def outage(*more: Refresh) -> Figures:
    """From 10 to 70: the first is answered at 11.5, and whoever began before waited, too."""
    first = [refresh(10.0, 1.5), refresh(11.0, 1.5)]
    later = [refresh(11.5 + 0.055 * number, 0.002) for number in range(1000)]
    return Figures([refresh(5.0, 0.001), *first, *later, refresh(71.0, 0.001), *more], 10.0, 70.0)


def test_the_first_ones_are_those_that_began_before_anybody_knew() -> None:
    figures = outage()
    assert figures.first == [1.5, 1.5]
    assert len(figures.later) == 1000
    assert figures.kept
    assert report(figures)["failed"] == 0


def test_one_refusal_breaks_the_promise_and_so_does_lateness() -> None:
    assert not outage(refresh(80.0, 0.1, code=401)).kept
    assert not outage(refresh(4.0, 32.0, code=0)).kept
    slow = outage()
    assert not Figures([refresh(10.0, 2.1), *slow.refreshes[2:]], 10.0, 70.0).kept
    assert not Figures([*slow.refreshes[:200], *(refresh(40.0, 0.06) for _ in range(900))], 10.0, 70.0).kept
