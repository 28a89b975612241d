"""kill -9 of Kamailio under `repli run`: calls go on soon, to whoever was registered."""

from __future__ import annotations

import pytest

from hil.bench.voice_kill import Figures, kill_once, report
from hil.rig.virtual.town import Town

BACK_S = 5.0  # generous: 2 s are promised, and measured by scripts/bench-voice --only kill


@pytest.mark.town
@pytest.mark.parametrize("lost", [False, True])
def test_calls_get_through_soon_after_kill_9(lost: bool) -> None:
    with Town("killtown", parts=["targets", "pbx"]) as town:
        back = kill_once(town, lost=lost)
    assert back is not None
    assert back <= BACK_S


def test_one_late_or_lost_call_breaks_the_promise() -> None:
    assert Figures({"up": [0.9, 2.0], "lost": [1.9]}).kept
    assert not Figures({"up": [0.9, 2.1], "lost": [1.9]}).kept
    assert not Figures({"up": [0.9], "lost": [None]}).kept
    assert report(Figures({"up": [0.9], "lost": [None]}))["kept"] is False
