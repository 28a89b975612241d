"""SIMs that ask, refuse, vanish and are swapped, on a modem at the wire: what is tried, told and kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from edge.shared.messages.modem import ModemState, SegmentState
from hil.rig.virtual.modem.bench import ModemBench

OTHER = {"iccid": "89330126340000000022", "imsi": "208010000000002"}
PERSONALITIES = ["sim7600", "ec25", "plain"]


def issue_ids(bench: ModemBench) -> list[str]:
    return [issue.id for issue in bench.issues()]


def has(bench: ModemBench, issue: str) -> Callable[[], bool]:
    return lambda: issue in issue_ids(bench)


def ready(bench: ModemBench) -> bool:
    return bench.listed()[0].state is ModemState.READY


def everything_written(bench: ModemBench) -> str:
    """All files of the appliance but the settings, which hold the PIN by right, and what a daemon keeps of them."""
    return "".join(
        path.read_bytes().decode("latin-1")
        for path in bench.root.folder.rglob("*")
        if path.is_file() and path.name not in ("site.toml", "last-known-good.json")
    )


@pytest.mark.parametrize("make", PERSONALITIES)
def test_the_pin_of_the_settings_opens_the_sim(bench: ModemBench, make: str) -> None:
    modem = bench.add_modem(options=["--personality", make])
    modem.inject("sim", pin="4739")
    bench.write_site(each='pin = "4739"')
    bench.start()
    bench.wait(lambda: ready(bench))
    assert modem.inject("sim_look") == {"ok": True, "typed": 1, "tries": 3}
    bench.send("+33612345678", "Bonjour", "a")
    bench.wait_all()
    assert issue_ids(bench) == []
    modem.inject("power_cut", off_s=0.3)
    bench.send("+33612345678", "Encore", "b")
    bench.wait_all()
    assert modem.inject("sim_look") == {"ok": True, "typed": 2, "tries": 3}


@pytest.mark.parametrize("told", [True, False], ids=["the modem tells the tries left", "it does not"])
def test_a_wrong_pin_is_typed_once_whatever_is_restarted(bench: ModemBench, told: bool) -> None:
    modem = bench.add_modem(options=["--personality", "sim7600"])
    modem.inject("sim", pin="4739", tells_tries=told)
    bench.write_site(each='pin = "1111"')
    bench.start()
    bench.wait(has(bench, "modem.sim_pin_wrong"))
    for restart in range(2):
        bench.kill()
        if restart == 1:
            modem.inject("power_cut", off_s=0.1)
        bench.start()
        bench.wait(has(bench, "modem.sim_pin_wrong"))
    assert modem.inject("sim_look") == {"ok": True, "typed": 1, "tries": 2}
    (issue,) = bench.issues()
    assert issue.data["left"] == ("2" if told else "?")
    modem.inject("sim", tries=3)  # somebody typed the right one in a telephone
    bench.kill()
    bench.start()
    bench.wait(has(bench, "modem.sim_pin_wrong"))
    assert modem.inject("sim_look")["typed"] == 1
    bench.write_site(each='pin = "4739"')
    bench.kill()
    bench.start()
    bench.wait(lambda: ready(bench))
    assert modem.inject("sim_look") == {"ok": True, "typed": 2, "tries": 3}


@pytest.mark.parametrize("told", [True, False], ids=["the modem tells the tries left", "it does not"])
def test_killed_before_the_answer_a_wrong_pin_is_not_typed_again(bench: ModemBench, told: bool) -> None:
    modem = bench.add_modem(options=["--command-latency", "0.15"])
    modem.inject("sim", pin="4739", tells_tries=told)
    bench.write_site(each='pin = "1111"')
    for _ in range(2):
        bench.start()
        deadline = time.monotonic() + 10
        while modem.inject("sim_look")["typed"] == 0 and time.monotonic() < deadline:
            time.sleep(0.002)
        bench.kill()
    bench.start()
    bench.wait(has(bench, "modem.sim_pin_wrong"))
    assert modem.inject("sim_look") == {"ok": True, "typed": 1, "tries": 2}


def test_wrong_pins_one_after_another_never_cost_the_last_try(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("sim", pin="4739")
    for pin, issue in (("1111", "sim_pin_wrong"), ("2222", "sim_pin_wrong"), ("3333", "sim_last_try")):
        bench.write_site(each=f'pin = "{pin}"')
        bench.start()
        bench.wait(has(bench, f"modem.{issue}"))
        bench.kill()
    assert modem.inject("sim_look")["tries"] == 1


def test_a_puk_is_told_and_nothing_typed(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("sim", pin="4739", tries=0)
    bench.write_site(each='pin = "4739"')
    bench.start()
    bench.wait(has(bench, "modem.sim_puk"))
    time.sleep(1.2)
    assert modem.inject("sim_look")["typed"] == 0
    shown = bench.root.repli("modem", "sim")
    assert shown.returncode == 1
    assert "PUK" in shown.stdout


@pytest.mark.parametrize("echo", [[], ["--keeps-echo"]], ids=["", "a modem that keeps its echo"])
def test_the_pin_is_in_no_log_right_or_wrong(
    bench: ModemBench, monkeypatch: pytest.MonkeyPatch, echo: list[str]
) -> None:
    monkeypatch.setenv("REPLI_LOG", "debug")
    modem = bench.add_modem(options=echo)
    modem.inject("sim", pin="47391828")
    for pin in ("58210394", "47391828"):
        bench.write_site(each=f'pin = "{pin}"')
        bench.start()
        wanted = pin == "47391828"
        bench.wait(lambda wanted=wanted: ready(bench) if wanted else has(bench, "modem.sim_pin_wrong")())
        bench.kill()
    assert modem.inject("sim_look")["typed"] == 2
    written = everything_written(bench)
    assert "+CPIN: SIM PIN" in written, "the log is as talkative as it gets"
    assert "58210394" not in written
    assert "47391828" not in written


def test_a_wrong_pin_in_the_settings_is_not_repeated(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site(each='pin = "12é4567"')
    checked = bench.root.repli("settings", "check", str(bench.root.folder / "etc/repli/site.toml"))
    assert checked.returncode != 0
    assert "12é4567" not in checked.stdout + checked.stderr


@pytest.mark.parametrize("make", PERSONALITIES)
def test_a_sim_pulled_out_is_told_and_used_when_it_is_back(bench: ModemBench, make: str) -> None:
    modem = bench.add_modem(options=["--personality", make])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.inject("sim", inserted=False)
    bench.wait(has(bench, "modem.sim_missing"))
    bench.send("+33612345678", "Attend la carte", "a")
    time.sleep(0.5)
    assert bench.states() == [SegmentState.QUEUED]
    modem.inject("sim", inserted=True)
    bench.wait_all()
    assert issue_ids(bench) == []


def test_a_sim_that_vanishes_without_a_word_in_a_batch_loses_nothing(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--latency", "0.1"])
    bench.write_site()
    bench.start()
    for number in range(6):
        bench.send("+33612345678", f"n{number}", f"r{number}")
    bench.wait(lambda: len(bench.accepted()) >= 2)
    modem.inject("sim", inserted=False, quiet=True)
    bench.wait(has(bench, "modem.sim_missing"))
    modem.inject("sim", inserted=True, quiet=True)
    bench.wait_all()
    assert sorted(line.text for line in bench.accepted()) == [f"n{number}" for number in range(6)]


def test_a_swap_is_told_until_somebody_says_that_it_is_right(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.inject("sim", inserted=False)
    bench.wait(has(bench, "modem.sim_missing"))
    modem.inject("sim", inserted=True, **OTHER)
    bench.wait(has(bench, "modem.sim_swapped"))
    (issue,) = bench.issues()
    assert (issue.data["before"], issue.data["now"]) == ("893301…014", "893301…022")
    bench.kill()
    bench.start()
    bench.wait(has(bench, "modem.sim_swapped"))
    shown = json.loads(bench.root.repli("modem", "sim", "--json").stdout)
    assert shown["sims"][0]["iccid_before"] == "893301…014"
    assert bench.root.repli("modem", "sim", "--accept", "m9").returncode == 2
    assert "confirmée" in bench.root.repli("modem", "sim", "--accept", "m1").stdout
    assert bench.root.repli("modem", "sim", "--accept", "m1").returncode == 1
    assert issue_ids(bench) == []
    bench.kill()
    bench.start()
    bench.wait(lambda: ready(bench))
    assert issue_ids(bench) == []


def test_the_old_sim_put_back_ends_the_swap(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    third, first = {"iccid": "89330126340000000030"}, {"iccid": "89330126340000000014"}
    swapped = ["modem.sim_swapped"]
    for card, issues in ((OTHER, swapped), (third, swapped), (first, [])):
        modem.inject("sim", inserted=False)
        bench.wait(has(bench, "modem.sim_missing"))
        modem.inject("sim", inserted=True, **card)
        bench.wait(lambda: ready(bench))
        assert issue_ids(bench) == issues


def test_reports_of_a_sim_that_is_gone_are_not_waited_for(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--no-reports"])
    bench.write_site(report_window_s=600.0)
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.arm(lost_answer=1)
    bench.send("+33612345678", "Incertain", "a")
    bench.wait(lambda: bench.states() == [SegmentState.UNCERTAIN])
    modem.inject("sim", inserted=False)
    bench.wait(has(bench, "modem.sim_missing"))
    modem.inject("sim", inserted=True, **OTHER)
    bench.wait(lambda: bench.states() == [SegmentState.SUBMITTED])
    (segment,) = bench.outbox()[0].segments
    assert segment.maybe_dup


def test_without_a_service_centre_people_are_told_and_the_settings_bring_one(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("smsc", number="")
    bench.write_site()
    bench.start()
    bench.wait(has(bench, "modem.smsc_unset"))
    bench.send("+33612345678", "Part plus tard", "a")
    bench.write_site(each='smsc = "+33609001390"')
    bench.kill()
    bench.start()
    bench.wait_all()
    assert issue_ids(bench) == []


def test_sms_barred_by_the_operator_are_told(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("sim", barred=True)
    bench.write_site()
    bench.start()
    bench.wait(has(bench, "modem.sms_barred"))


def test_sms_refused_as_barred_are_told_until_one_goes(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.arm(refuse=1, refuse_code=50)
    bench.send("+33612345678", "Bonjour", "a")
    bench.wait(has(bench, "modem.sms_barred"))
    bench.wait_all()
    assert issue_ids(bench) == []


def test_a_sim_of_ten_places_is_drained_and_no_reply_lost(bench: ModemBench) -> None:
    """200 in a minute of a modem whose ten places list and delete as slowly as real ones, all of it five times as fast."""
    options = ["--capacity", "ME=0", "--capacity", "SM=10", "--storage", "SM", "--reports-in", "SR"]
    times = ["--list-latency", "0.004", "--delete-latency", "0.02", "--latency", "0.06"]
    modem = bench.add_modem(options=[*options, *times])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    for number in range(20):
        bench.send("+33612345678", f"Alerte {number}", f"r{number}")
    for number in range(200):
        modem.inject("bring", number=f"+336{number:08d}", text=f"OUI {number}")
    bench.wait(lambda: len(bench.inbox()) == 200, within=60)
    assert modem.inject("look")["worked_s"] <= 60 / 5
    assert sorted(message.text for message in bench.inbox()) == sorted(f"OUI {number}" for number in range(200))
    bench.wait_all()
    assert modem.inject("look")["held"] == 0


def test_replies_are_taken_from_a_small_sim_while_alerts_go_out(bench: ModemBench) -> None:
    options = [
        "--capacity",
        "ME=0",
        "--capacity",
        "SM=10",
        "--storage",
        "SM",
        "--reports-in",
        "SR",
        "--latency",
        "0.06",
        "--unplugged",  # until everything is asked: what goes out then meets what comes in
    ]
    modem = bench.add_modem(options=options)
    bench.write_site()
    bench.start()
    for number in range(60):
        bench.send("+33612345678", f"Alerte {number}", f"r{number}")
    for number in range(100):
        modem.inject("bring", number=f"+336{number:08d}", text=f"OUI {number}")
    modem.inject("plug")
    bench.wait(lambda: len(bench.accepted()) >= 55)
    assert len(bench.inbox()) > 10, "more than it has places"
    bench.wait(lambda: len(bench.inbox()) == 100)


def test_a_long_message_begun_by_the_old_sim_goes_whole_through_the_new_one(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--latency", "1.4", "--accept-at", "0.1"])
    bench.write_site(submit_timeout_s=10)
    bench.start()
    bench.wait(lambda: ready(bench))
    bench.send("+33612345678", "Évacuez la rue haute, puis la place. " * 6, "a")
    bench.wait(lambda: len(bench.accepted()) == 1)  # long before the next
    modem.inject("sim", **OTHER)
    modem.inject("power_cut", off_s=0.2)
    bench.wait_all()
    assert [line.part for line in bench.accepted()][-2:] == [1, 2]
    first, second = bench.outbox()[0].segments
    assert (first.maybe_dup, second.error) == (True, None)
