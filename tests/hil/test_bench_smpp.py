"""What scripts/bench-smpp counts and judges; its figures are not looked at here."""

from __future__ import annotations

from hil.bench.smpp import Run, npm_client, promises, repli


def test_both_senders_are_counted_at_the_centre() -> None:
    for run in (repli(50), npm_client(50)):
        assert (run.taken, run.lost, run.doubled) == (50, 0, 0)
        assert run.per_second > 0


def test_every_promise_is_judged() -> None:
    good = Run("Repli", 600, seconds=2.0, taken=600, lost=0, doubled=0, cpu_ms=1.0)
    assert all(promises(good, urgent_s=0.5).values())
    slow = Run("Repli", 600, seconds=2.1, taken=600, lost=0, doubled=0, cpu_ms=1.0)
    assert promises(slow, urgent_s=0.6) == {"rate": False, "counts": True, "urgent": False}
    for lost, doubled in ((1, 0), (0, 1)):
        wrong = Run("Repli", 600, seconds=1.0, taken=600, lost=lost, doubled=doubled, cpu_ms=1.0)
        assert not promises(wrong, urgent_s=0.1)["counts"]
