"""Call records, kill -9 of anybody, and a disk that is full or damaged: nothing is lost, and no call is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.waiting import wait_for
from tests.edge.voice.recorded import PEOPLE, calls, hang_up, issues, talk, wait_calls


def record_files(box: Telephony) -> list[Path]:
    return list(box.root.paths.kamailio_run.glob("records/*/*"))


def lines(box: Telephony) -> list[str]:
    """What Kamailio has written of calls, in no order."""
    return sorted(line for file in record_files(box) for line in file.read_text().splitlines())


def test_no_record_is_lost_or_doubled_when_voice_is_killed_again_and_again(telephony: Telephony) -> None:
    box = telephony
    box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
    desk, office = box.registered("101", 101), box.registered("102", 102)
    for round_ in range(4):
        for _ in range(10):
            hang_up(desk, office, *talk(desk, office))
        box.root.running["voice"].kill()
        for _ in range(5):
            hang_up(desk, office, *talk(desk, office))
        box.root.start("voice")
        if round_ % 2:
            box.root.running["voice"].kill()
            box.root.start("voice")
    assert len(wait_calls(box, 60, state="answered")) == 60
    assert len(calls(box)) == 60


def test_calls_that_were_over_are_all_there_when_kamailio_is_killed(telephony: Telephony) -> None:
    box = telephony
    kamailio = box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
    desk, office, patrol = (box.registered(number, host) for number, host in (("101", 101), ("102", 102), ("103", 103)))
    box.root.running["voice"].kill()
    for _ in range(20):
        hang_up(desk, office, *talk(desk, office))
    lasting = talk(desk, office)
    desk.begin(desk.invitation("103"))
    assert patrol.wire.request()
    kamailio.kill()
    box.root.start("kamailio")
    box.root.start("voice")
    wait_calls(box, 20, dialled="102", state="answered")
    assert [call["state"] for call in calls(box, dialled="103")] == ["end_unknown"]
    assert len(calls(box, state="talking")) == 1
    hang_up(desk, office, *lasting)
    wait_calls(box, 21, dialled="102", state="answered")
    wait_for(lambda: len({file.parent for file in record_files(box)}) == 1, "the first start's files removed")


def test_calls_go_on_with_a_full_disk_and_are_kept_when_there_is_room_again(telephony: Telephony) -> None:
    box = telephony
    state = box.root.paths.state("voice")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0755", "tmpfs", str(state)], check=True)
    try:
        box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
        desk, office = box.registered("101", 101), box.registered("102", 102)
        hang_up(desk, office, *talk(desk, office))
        wait_calls(box, 1, state="answered")
        filler = state / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for _ in range(60):
            hang_up(desk, office, *talk(desk, office))
        wait_for(lambda: "voice.records_not_kept" in issues(box), "the issue")
        filler.unlink()
        wait_calls(box, 61, state="answered")
        wait_for(lambda: "voice.records_not_kept" not in issues(box), "the issue gone")
    finally:
        box.root.running["voice"].kill()
        subprocess.run(["umount", str(state)], check=True)


def test_a_damaged_ledger_is_left_as_it_is_and_costs_no_call(telephony: Telephony) -> None:
    box = telephony
    ledger = box.root.paths.state("voice") / "calls.db"
    ledger.write_bytes(b"not a database at all" * 1000)
    box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
    desk, office = box.registered("101", 101), box.registered("102", 102)
    hang_up(desk, office, *talk(desk, office))
    wait_for(lambda: "voice.records_not_kept" in issues(box), "the issue")
    shown = box.root.repli("voice", "calls")
    assert (shown.returncode == 0, "calls.db" in shown.stderr) == (False, True)
    assert ledger.read_bytes() == b"not a database at all" * 1000


def test_kamailio_s_files_have_a_bound_of_their_own(telephony: Telephony) -> None:
    box = telephony
    box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
    desk, office = box.registered("101", 101), box.registered("102", 102)
    box.root.running["voice"].kill()
    hang_up(desk, office, *talk(desk, office))
    # Begun, answered, ended: the last may be written after the answer to the BYE went.
    wait_for(lambda: len(lines(box)) == 3, "the lines of the first call")
    before = lines(box)
    box.rpc("htable.seti", "recorded", "lines", 100_000)
    for _ in range(5):
        hang_up(desk, office, *talk(desk, office))
    assert lines(box) == before


def test_files_are_rotated_and_removed_while_calls_go_on(telephony: Telephony) -> None:
    """And half a megabyte of garbage among the lines changes nothing."""
    box = telephony
    box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
    desk, office = box.registered("101", 101), box.registered("102", 102)
    made = 0

    def call() -> bool:
        nonlocal made
        assert office.register().code == 200
        hang_up(desk, office, *talk(desk, office))
        made += 1
        return all(file.stat().st_size < 100_000 for file in record_files(box))

    while len(record_files(box)) < 2:
        call()
    box.rpc("htable.seti", "recorded", "lines", 5000)
    for file in record_files(box):
        with file.open("a") as lines:
            lines.write(("garbage" * 10 + "\n") * 8000)
    first = {file.stat().st_ino for file in record_files(box)}
    wait_for(call, "the large files removed", 40, every=0.2)
    assert not first & {file.stat().st_ino for file in record_files(box)}
    wait_calls(box, made, state="answered")
    assert len(calls(box)) == made
    held = json.dumps(box.rpc("htable.dump", "recorded"))
    assert '"value": 5' not in held.replace("5000", "5"), "the bound begins anew"
