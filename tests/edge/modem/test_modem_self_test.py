"""repli modem self-test: an SMS to itself with its report, step by step; none of it is ever shown as from a person."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import Any

import pytest

from edge.shared.messages.modem import ModemState
from hil.rig.virtual.modem.bench import ModemBench

ALL = ["modem", "number", "accepted", "report", "received"]


def self_test(bench: ModemBench, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = bench.root.repli("modem", "self-test", *arguments, "--json")
    assert done.returncode == code, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["passed"] is (code == 0)
    return result


def steps(result: dict[str, Any]) -> list[str]:
    return [step["step"] for step in result["steps"]]


def ready(bench: ModemBench) -> bool:
    return all(modem.state is ModemState.READY for modem in bench.listed())


@pytest.mark.parametrize("make", ["sim7600", "ec25", "plain"])
def test_it_passes_step_by_step_and_no_person_wrote(bench: ModemBench, make: str) -> None:
    bench.add_modem(options=["--personality", make])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    begun = time.monotonic()
    result = self_test(bench)
    assert sorted(steps(result)) == sorted(ALL)
    assert steps(result)[:3] == ALL[:3]
    assert result["steps"][1]["detail"] == "+33700000000001"
    assert all(0 <= step["after_s"] <= time.monotonic() - begun for step in result["steps"])
    assert bench.inbox() == []
    said = bench.root.repli("modem", "self-test")
    assert said.returncode == 0
    assert "SMS accepté par le réseau" in said.stdout
    assert "Le modem « m1 » envoie et reçoit." in said.stdout
    assert bench.issues() == []


def test_each_modem_tests_itself(bench: ModemBench) -> None:
    for _ in range(2):
        bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    for name, modem in zip(("m2", "m1"), reversed(bench.modems), strict=True):
        for count in (1, 2, 3):
            assert self_test(bench, name)["modem"] == name
            assert len(modem.log()) == count
    assert bench.root.repli("modem", "self-test", "m9").returncode == 2


def test_it_goes_before_a_thousand_others(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "0.1"])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    for number in range(60):
        bench.send("+33612345678", f"n{number}", f"r{number}")
    self_test(bench)
    assert len(bench.accepted()) < 60


def test_without_a_number_it_says_so_and_one_from_the_settings_does(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("sim", number=None)
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    result = self_test(bench, code=1)
    assert steps(result) == ["modem", "number"]
    assert result["steps"][-1]["done"] is False
    assert bench.accepted() == []
    bench.kill()
    bench.write_site(each='number = "+33700000000001"')
    bench.start()
    bench.wait(lambda: ready(bench))
    self_test(bench)


@pytest.mark.parametrize(
    ("options", "failed", "patience"),
    [(["--no-reports"], "report", "8"), (["--latency", "60"], "accepted", "3")],
    ids=["no report", "never accepted"],
)
def test_a_step_that_does_not_come_is_named_and_stays_a_fault(
    bench: ModemBench, options: list[str], failed: str, patience: str
) -> None:
    modem = bench.add_modem(options=options)
    bench.write_site(report_window_s=60.0)
    bench.start()
    bench.wait(lambda: ready(bench))
    result = self_test(bench, "--timeout", patience, code=1)
    assert (result["steps"][-1]["step"], result["steps"][-1]["done"]) == (failed, False)
    assert "modem.self_test_failed" in [issue.id for issue in bench.issues()]
    if failed == "report":
        assert "received" in steps(result)
        modem.inject("reports", on=True)
        self_test(bench)
        assert bench.issues() == []


def test_a_refusal_for_good_ends_it_at_once_with_its_code(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.arm(refuse=3, refuse_code=30)
    began = time.monotonic()
    result = self_test(bench, code=1)
    assert time.monotonic() - began < 30
    assert result["steps"][-1]["step"] == "accepted"
    assert "30" in result["steps"][-1]["detail"]


def test_a_modem_that_is_away_fails_at_once(bench: ModemBench) -> None:
    bench.add_modem(options=["--unplugged"])
    bench.write_site()
    bench.start()
    result = self_test(bench, code=1)
    assert steps(result) == ["modem"]


def test_a_text_that_comes_after_a_crash_is_still_no_person(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--report-after", "1.5"])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    tester = threading.Thread(target=bench.root.repli, args=("modem", "self-test"))
    tester.start()
    bench.wait(lambda: len(bench.accepted()) == 1)
    bench.kill()
    tester.join()
    bench.start()
    modem.inject("bring", number="+33612345678", text="Repli, essai ABCDEFGHIJKLM")
    bench.wait(lambda: len(bench.inbox()) == 1)
    with sqlite3.connect(f"file:{bench.root.paths.state('modem') / 'modem.db'}?mode=ro", uri=True) as db:
        bench.wait(lambda: db.execute("SELECT received_at FROM self_tests").fetchone()[0] is not None)
    (shown,) = bench.inbox()
    assert shown.text == "Repli, essai ABCDEFGHIJKLM", "nobody's test: somebody wrote that"
