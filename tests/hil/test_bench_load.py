"""What scripts/bench-voice makes of sipp's counters."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bench import sipp_run
from hil.bench.sipp_run import Outcome
from hil.bench.voice_load import BARE, REPLI, TUNED, LoadFigures

GOOD = Outcome(asked=3300, good=3300, failed={}, again=0, seconds=10.0)


def figures() -> LoadFigures:
    return LoadFigures(
        cpu_ms={REPLI: [0.29, 0.2, 0.9], BARE: [0.2, 0.2, 0.2], TUNED: [0.1, 0.2, 0.9]},
        turns={REPLI: [GOOD], BARE: [GOOD], TUNED: [GOOD]},
        registers=Outcome(asked=6600, good=6600, failed={}, again=0, seconds=10.0),
        local_calls=GOOD,
        push_s=0.05,
    )


def test_every_promise_is_judged() -> None:
    assert all(figures().kept().values())
    assert (figures().ratio, figures().against(TUNED)) == pytest.approx((1.45, 1.0))
    missed = figures()
    missed.cpu_ms[REPLI] = [0.4, 0.4, 0.1]
    missed.registers = Outcome(asked=6600, good=5990, failed={"FailedCall": 610}, again=0, seconds=10.0)
    missed.local_calls = Outcome(asked=3300, good=3300, failed={}, again=40, seconds=11.1)
    missed.push_s = 0.51
    assert missed.kept() == {
        "cpu": False,
        "registers": False,
        "cloud_calls": True,
        "local_calls": False,
        "push": False,
        "failures": False,
    }


def test_what_fails_at_the_far_end_alone_counts() -> None:
    found = figures()
    found.far_end_failed = 1
    assert found.kept()["failures"] is False


def test_sipp_s_last_word_is_read(tmp_path: Path) -> None:
    stats = tmp_path / "stats.csv"
    names = "StartTime;CurrentTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C);FailedMaxUDPRetrans(C);Retransmissions(C);"
    first, last = (f"2026-01-01\t10:00:0{at}.5\t100{at}.5" for at in (0, 8))
    stats.write_text(f"{names}\n{first};{first};0;0;0;0;0;\n{first};{last};3;5;2;2;18;\n", encoding="ascii")
    outcome = sipp_run.read(stats, asked=7)
    assert outcome == Outcome(7, 5, {"FailedCall": 2, "FailedMaxUDPRetrans": 2}, again=18, seconds=8.0)
    assert outcome.per_second == 5 / 8
