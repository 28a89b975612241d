"""kill -9, unplugging, re-pointing, missing devices: nothing lost, nothing doubled, by the network's own log."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.shared.messages.modem import ModemState, SegmentState
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled

LATENCY = 0.4
HOLD = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def wait_ready(bench: ModemBench) -> None:
    bench.wait(lambda: all(modem.state is ModemState.READY for modem in bench.listed()))


@pytest.mark.parametrize("seed", range(5))
def test_killed_inside_a_submit_nothing_is_lost_and_nothing_doubled(bench: ModemBench, seed: int) -> None:
    """Before, around and after the instant at which the network has the part (0.2 s into each submit)."""
    dice = random.Random(seed)
    bench.add_modem(options=["--latency", str(LATENCY), "--report-after", "1.0"])
    bench.write_site(report_window_s=5)
    bench.start()
    wait_ready(bench)
    texts = ["Alerte courte", "Évacuez ! Ça brûle. " * 6, "Alerte longue " * 14]
    for number in range(5):
        bench.send(f"+3361234567{number}", texts[number % 3], f"r{number}")
    for _ in range(2):
        # Just after a part was accepted the next submit begins at once or is already under way.
        bench.wait(lambda: SegmentState.CLAIMED in bench.states())
        time.sleep(dice.uniform(0, LATENCY))
        bench.kill()
        time.sleep(dice.uniform(0, 0.5))
        bench.start()
    bench.wait_all()
    parts = sum(len(message.segments) for message in bench.outbox())
    distinct = {(line.destination, line.text, line.part) for line in bench.accepted()}
    assert len(distinct) == parts
    twice = doubled(bench.accepted())
    assert twice == {}


def test_killed_after_the_network_took_it_and_before_the_answer(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "1.0", "--accept-at", "0.2", "--report-after", "0.1"])
    bench.write_site()
    bench.start()
    wait_ready(bench)
    bench.send("+33612345678", "Une seule fois", "a")
    bench.wait(lambda: len(bench.accepted()) == 1)
    bench.kill()
    time.sleep(0.5)  # the report is stored while nobody listens
    bench.start()
    bench.wait_all()
    assert len(bench.accepted()) == 1
    assert not bench.outbox()[0].segments[0].maybe_dup


def test_unplugged_before_the_network_took_it_it_is_sent_again_and_marked(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--latency", "2.5", "--accept-at", "0.9"])
    bench.write_site(report_window_s=2, submit_timeout_s=10)
    bench.start()
    wait_ready(bench)
    bench.send("+33612345678", "Malgré tout", "a")
    bench.wait(lambda: SegmentState.CLAIMED in bench.states())
    modem.inject("unplug")
    bench.wait(lambda: bench.listed()[0].state is ModemState.ABSENT)
    assert bench.states() == [SegmentState.UNCERTAIN]
    modem.inject("plug")
    bench.wait_all()
    assert len(bench.accepted()) == 1
    assert bench.outbox()[0].segments[0].maybe_dup


def test_the_modem_comes_back_under_another_name_while_sending(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--latency", "0.05"])
    bench.write_site()
    bench.start()
    wait_ready(bench)
    for number in range(30):
        bench.send(f"+336123456{number:02d}", f"Message {number}", f"r{number}")
        if number == 10:
            modem.inject("reenumerate", pause_s=0.3)
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 30


def test_a_symlink_re_pointed_to_another_modem_that_stays_plugged_is_followed(bench: ModemBench) -> None:
    first = bench.add_modem()
    second = bench.add_modem()
    link = bench.root.folder / "at"
    link.symlink_to(first.link.resolve())
    bench.write_site([str(link)])
    bench.start()
    bench.send("+33612345670", "Par le premier", "a")
    bench.wait_all()
    fresh = bench.root.folder / "fresh"
    fresh.symlink_to(second.link.resolve())
    fresh.replace(link)
    bench.wait(lambda: (first.inject("look")["opened"], second.inject("look")["opened"]) == (False, True))
    bench.send("+33612345671", "Par le second", "b")
    bench.wait_all()
    assert [line.text for line in first.log()] == ["Par le premier"]
    assert [line.text for line in second.log()] == ["Par le second"]


def test_a_device_missing_at_start_is_said_and_used_when_it_appears(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--unplugged"])
    bench.write_site()
    bench.start()
    bench.send("+33612345678", "Dès que possible", "a")
    bench.wait(lambda: [issue.id for issue in bench.issues()] == ["modem.device_missing"])
    assert bench.listed()[0].state is ModemState.ABSENT
    status = bench.root.repli("modem", "status", "--json")
    assert status.returncode == 1
    modem.inject("plug")
    bench.wait_all()
    assert bench.issues() == []


def test_a_device_that_answers_nonsense_is_said_and_tried_again(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.arm(hang=1)
    bench.write_site()
    bench.start()
    bench.wait(lambda: [issue.id for issue in bench.issues()] == ["modem.no_answer"])
    modem.arm(hang=0)
    bench.send("+33612345678", "Enfin", "a")
    bench.wait_all()


def test_a_port_held_by_another_process_names_the_holder(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(modem.link)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        bench.start()
        bench.wait(lambda: [issue.id for issue in bench.issues()] == ["modem.device_busy"])
        assert f"(pid {holder.pid})" in bench.issues()[0].data["holder"]
    finally:
        holder.kill()
        holder.wait()
    bench.send("+33612345678", "Libre", "a")
    bench.wait_all()


def test_two_modems_share_the_queue(bench: ModemBench) -> None:
    for _ in range(2):
        bench.add_modem(options=["--latency", "0.2"])
    bench.write_site()
    bench.start()
    wait_ready(bench)
    for number in range(20):
        bench.send(f"+336123456{number:02d}", f"Message {number} " * (1 + 24 * (number % 3 == 0)), f"r{number}")
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == sum(len(message.segments) for message in bench.outbox())
    first, second = (modem.log() for modem in bench.modems)
    assert len(first) > 4
    assert len(second) > 4
    # The parts of one message come from one number, or no phone would join them.
    assert not {line.destination for line in first} & {line.destination for line in second}


def test_messages_of_a_modem_that_stays_away_go_through_the_other(bench: ModemBench) -> None:
    gone = bench.add_modem(options=["--latency", "5", "--accept-at", "0.1"])  # long before the next part
    bench.add_modem(options=["--latency", "0.2"])
    bench.write_site(report_window_s=2, submit_timeout_s=10)
    bench.start()
    wait_ready(bench)
    for number in range(6):
        bench.send(f"+3361234567{number}", f"Message {number} " * 24, f"r{number}")
    bench.wait(lambda: len(gone.log()) == 1)
    gone.inject("unplug")
    bench.wait_all()
    by_phone: dict[str, set[int]] = {}
    for line in bench.modems[1].log():
        by_phone.setdefault(line.destination, set()).add(line.part)
    assert by_phone == {f"+3361234567{number}": {1, 2} for number in range(6)}


def test_noise_on_the_line_and_unreadable_storage_do_no_harm(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--latency", "0.05"])
    bench.write_site()
    bench.start()
    wait_ready(bench)
    dice = random.Random(7)
    modem.inject("store", storage="ME", pdu="00FF", length=1)
    modem.inject("store", storage="ME", pdu="0004ZZ", length=12)
    for number in range(15):
        bench.send(f"+336123456{number:02d}", f"Message {number}", f"r{number}")
        line = dice.choice(
            [b"RING", b"+CREG: 1", b'+CMTI: "ME",9999', b"+CDS: 3\r\n00", b"^BOOT:1,2", dice.randbytes(40)]
        )
        # Octets that read as an answer of the modem are for the modem to avoid.
        safe = line.replace(b">", b"").replace(b"\x1a", b"")
        modem.inject("noise", hex=(b"\r\n" + safe + b"\r\n").hex())
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 15
    bench.wait(lambda: modem.inject("look")["stored"]["ME"] == 0)
    assert bench.inbox() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_as_its_own_user_it_opens_the_port_again_after_a_crash(bench: ModemBench, tmp_path: Path) -> None:
    """TIOCEXCL would stay on the pty and shut out everybody but root (checked as nobody in group dialout)."""
    modem = bench.add_modem()
    code = (
        "import os,sys\n"
        "from edge.modem.port.device import Device\n"
        "d = Device(sys.argv[1], 115200); print('open', flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    script = bench.root.folder / "opens.py"
    script.write_text(code)
    for _ in range(2):
        result = subprocess.run(
            [
                shutil.which("setpriv") or "setpriv",
                "--reuid=nobody",
                "--regid=dialout",
                "--clear-groups",
                "--",
                sys.executable,
                str(script),
                str(modem.link),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout == "open\n", result.stderr


def test_a_modem_taken_out_of_the_settings_while_it_sends_finishes_its_part(bench: ModemBench) -> None:
    leaving = bench.add_modem(options=["--latency", "3.5"])  # it has four seconds to finish
    staying = bench.add_modem()
    bench.write_site(devices=[str(leaving.link)], submit_timeout_s=10)
    bench.root.start("settings")
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    for number in range(3):
        bench.send(f"+3361234567{number}", f"Alerte {number}", f"a{number}")
    bench.wait(lambda: SegmentState.CLAIMED in bench.states())
    settings = bench.root.paths.site_file.read_text()
    bench.root.write_site(settings.replace(str(leaving.link), str(staying.link)).replace('"m1"', '"m2"'))
    bench.wait(lambda: len(staying.log()) >= 2)
    bench.wait(lambda: SegmentState.UNCERTAIN not in bench.states())
    time.sleep(0.5)
    assert (len(leaving.log()), len(staying.log())) == (1, 2)
    assert not any(segment.maybe_dup for message in bench.outbox() for segment in message.segments)


def test_one_lost_answer_costs_a_modem_that_answers_again_no_power_cycle(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.serve_panel()
    bench.write_site(command_timeout_s=0.8, submit_timeout_s=0.8, report_window_s=4)
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    modem.inject("reports", on=False)
    modem.arm(lost_answer=1)
    bench.send("+33612345678", "Alerte", "a")
    bench.wait(lambda: bench.states() == [SegmentState.UNCERTAIN])  # its report is looked for every 0.8 s
    modem.arm(hang=1)
    bench.wait(lambda: b"\x1b" in modem.unheard())  # it has given up the listing, and tries whether anybody is there
    modem.arm(hang=0)
    bench.wait_all(SegmentState.SUBMITTED)
    assert "no answer within" in bench.root.running["modem"].log.read_text()
    assert not bench.panel_log.exists() or not bench.panel_log.read_text()
