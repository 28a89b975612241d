"""Who goes first, how fast each SIM sends, and how many people it may write to: real daemon, modems at the wire."""

from __future__ import annotations

import time

from edge.shared.messages.modem import SegmentState, SmsSeverity
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled

PHONE, CELL = "+33698765432", "+33600000001"


def test_an_alert_goes_before_everything_routine_and_the_crisis_cell_before_alerts(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "0.1"])
    bench.write_site(free_burst=1000)
    bench.start()
    for number in range(60):
        bench.send(f"+336123456{number:02d}", f"Agenda {number}", f"r{number}")
    bench.send(PHONE, "Évacuez", "urgent", SmsSeverity.URGENT)
    urgent_by = len(bench.accepted())
    bench.send(CELL, "Cellule de crise : salle 2", "crisis", SmsSeverity.CRISIS)
    crisis_by = len(bench.accepted())
    bench.wait_all()
    order = [line.destination for line in bench.accepted()]
    assert order.index(PHONE) <= urgent_by + 2  # behind the one under way, and the other of the two
    assert order.index(CELL) <= crisis_by + 1
    assert len(order) == 62
    validity = {line.destination: line.validity_minutes for line in bench.accepted()}
    assert (validity[CELL], validity[PHONE], validity["+33612345600"]) == (60, 180, 360)


def test_alerts_do_not_wait_for_the_pace_of_what_is_routine_and_the_crisis_cell_has_none(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "0.02"])
    bench.write_site(free_burst=2, pacing_per_minute=1)
    bench.start()
    for number in range(4):
        bench.send(f"+3361234560{number}", f"Agenda {number}", f"r{number}")
        bench.send(f"+3361234561{number}", f"Alerte {number}", f"u{number}", SmsSeverity.URGENT)
        bench.send(f"+3361234562{number}", f"Cellule {number}", f"c{number}", SmsSeverity.CRISIS)
    bench.wait(lambda: len(bench.accepted()) == 8)
    time.sleep(1.0)
    sent = [line.text.split()[0] for line in bench.accepted()]
    assert (sent.count("Cellule"), sent.count("Alerte"), sent.count("Agenda")) == (4, 2, 2)


def test_a_restart_gives_a_sim_no_new_burst(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "0.02"])
    bench.write_site(free_burst=3, pacing_per_minute=1)
    bench.start()
    for number in range(6):
        bench.send(f"+3361234560{number}", f"Agenda {number}", f"r{number}")
    bench.wait(lambda: len(bench.accepted()) == 3)
    for _ in range(2):
        bench.kill()
        bench.start()
        bench.wait(lambda: bench.listed()[0].state.value == "ready")
    time.sleep(1.0)
    assert len(bench.accepted()) == 3


def test_beyond_the_people_a_plan_allows_only_routine_messages_to_others_wait(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "0.02"])
    bench.write_site(recipients_per_month=2)
    bench.start()
    for number in range(4):
        bench.send(f"+3361234560{number}", f"Agenda {number}", f"r{number}")
    bench.send("+33612345600", "Encore vous", "again")
    bench.wait(lambda: len(bench.accepted()) == 3)
    bench.send(PHONE, "Évacuez", "urgent", SmsSeverity.URGENT)
    bench.wait(lambda: len(bench.accepted()) == 4)
    time.sleep(0.5)
    assert {line.destination for line in bench.accepted()} == {"+33612345600", "+33612345601", PHONE}
    assert [issue.id for issue in bench.issues()] == ["modem.recipients_used"]
    estimate = bench.root.repli("modem", "estimate", "--recipients", "10", "--json")
    assert estimate.returncode == 1
    assert '"over_limit": 10' in estimate.stdout
    bench.kill()
    bench.write_site(recipients_per_month=9)
    bench.start()
    bench.wait_all()
    assert doubled(bench.accepted()) == {}


def test_an_estimate_says_time_and_plan_before_anything_is_sent(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state.value == "ready")
    short = bench.root.repli("modem", "estimate", "--recipients", "50", "--json")
    long = bench.root.repli("modem", "estimate", "--recipients", "1000", "--text", "é" * 400, "--json")
    assert '"minutes": 1.7' in short.stdout
    assert '"parts": 3000' in long.stdout
    assert '"over_usual": 800' in long.stdout
    assert long.returncode == 0
    assert bench.states() == []
    assert "environ 2 min" in bench.root.repli("modem", "estimate", "--recipients", "50").stdout


def test_a_modem_that_hangs_is_left_out_and_its_power_is_taken_away(bench: ModemBench) -> None:
    sick = bench.add_modem(options=["--latency", "0.05"])
    bench.add_modem(options=["--latency", "0.05"])
    bench.write_site(free_burst=1000)
    bench.serve_panel()
    bench.start()
    bench.wait(lambda: [modem.state.value for modem in bench.listed()] == ["ready", "ready"])
    sick.arm(hang=True)
    for number in range(20):
        bench.send(f"+336123456{number:02d}", f"Message {number}", f"r{number}")
    # All but the part the sick modem was given go through the other at once.
    bench.wait(lambda: len(bench.accepted()) >= 19)
    bench.wait(lambda: bench.panel_log.exists() and "m1" in bench.panel_log.read_text())
    bench.wait(lambda: [modem.state.value for modem in bench.listed()] == ["ready", "ready"])
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 20
    assert bench.panel_log.read_text().count("\n") == 1


def test_a_modem_that_takes_texts_and_never_answers_is_sick_too(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--latency", "0.05"])
    bench.write_site()
    bench.serve_panel()
    bench.start()
    modem.arm(lost_answer=3)
    for number in range(4):
        bench.send(f"+3361234560{number}", f"Message {number}", f"r{number}")
    bench.wait(bench.panel_log.exists)
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert not any(segment.maybe_dup for message in bench.outbox() for segment in message.segments)
    assert SegmentState.FAILED not in bench.states()


def test_what_the_network_refuses_to_one_sim_goes_by_another(bench: ModemBench) -> None:
    barred = bench.add_modem(options=["--latency", "0.02"])
    bench.add_modem(options=["--latency", "0.02"])
    barred.arm(refuse=100_000, refuse_code=8)  # operator determined barring
    bench.write_site()
    bench.start()
    for number in range(20):
        bench.send(f"+336123456{number:02d}", f"Message {number} " + "é" * 200, f"r{number}")
    bench.wait_all()
    assert barred.log() == []
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 40
    log = bench.root.running["modem"].log.read_text()
    assert log.count("refused") <= 2


def test_a_device_that_is_away_or_comes_and_goes_does_not_fill_the_log(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--unplugged"])
    bench.write_site(reconnect_min_s=0.01, reconnect_max_s=0.01)
    bench.start()
    time.sleep(2.0)  # some 200 tries: an hour's at 15 s each
    for _ in range(5):
        modem.inject("plug")
        bench.wait(lambda: bench.listed()[0].state.value == "ready")
        modem.inject("unplug")
        bench.wait(lambda: bench.listed()[0].state.value == "absent")
    lines = bench.root.running["modem"].log.read_text().splitlines()
    assert len(lines) <= 10
