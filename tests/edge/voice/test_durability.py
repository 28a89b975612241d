"""What is registered stays registered: through many phones at once, kill -9 and power cuts."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.shared.section import parse_site
from edge.voice.checks import found
from edge.voice.decision import Sight, State
from edge.voice.facts import Facts
from edge.voice.kamailio.location_file import is_sound, make_location, snapshot
from edge.voice.registrations import Keeper
from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.wire import Hand, reply_to
from hil.rig.virtual.waiting import wait_for

PHONES, EACH = 8, 200
BACK_S = 5.0  # generous: 2 s are promised, on a machine that does nothing else


def bindings(content: bytes | None) -> set[tuple[str, str]]:
    """Extension and contact of each row of a database of registrations."""
    assert content is not None
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        return set(database.execute("SELECT username, contact FROM location"))


def location(box: Telephony) -> Path:
    return box.root.paths.kamailio_run / "location.sqlite"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("cloud", [True, False])
def test_every_200_ok_is_a_binding(telephony: Telephony, cloud: bool, transport: str) -> None:
    """Eight phones at once, two hundred registrations each, counted at the phones (traps 1 and 4)."""
    box = telephony
    people = {str(number): f"secret-{number}" for number in range(1000, 1000 + PHONES * EACH)}
    if cloud:
        HandPbx(box.wire(10)).expires = 600
    box.start(box.site(cloud="" if cloud else "# no cloud", extensions=people), voice=False)
    granted: set[tuple[str, str]] = set()
    refused: list[str] = []

    def register(at: int) -> None:
        phone = box.hand("1000", 100 + at, transport=transport, password="x")
        for turn in range(EACH):
            phone.number = str(1000 + at * EACH + turn)
            phone.password = f"secret-{phone.number}"
            reply = phone.register(expires=600)
            if reply.code == 200:
                granted.add((phone.number, phone.contact.strip("<>")))
            else:
                refused.append(reply.start)

    threads = [threading.Thread(target=register, args=(at,)) for at in range(PHONES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert (len(granted), refused) == (PHONES * EACH, [])
    wait_for(lambda: bindings(snapshot(location(box))) >= granted, "every binding written", every=0.3)
    assert bindings(snapshot(location(box))) == granted
    log = (box.root.folder / "kamailio.log").read_text()
    assert "database is locked" not in log
    assert "sqlite commit failed" not in log


def test_a_reader_is_not_in_the_way_of_what_kamailio_writes(telephony: Telephony) -> None:
    """Kamailio does not try again: with a rollback journal the binding would be in no file."""
    box = telephony
    box.start(box.site(cloud="# no cloud"), voice=False)
    with closing(sqlite3.connect(f"{location(box).as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM location").fetchone() == (0,)
        phone = box.hand("101", 101)
        assert phone.register().code == 200
        wait_for(lambda: bindings(snapshot(location(box))), "the binding on disk")
    assert bindings(snapshot(location(box))) == {("101", phone.contact.strip("<>"))}
    assert "locked" not in (box.root.folder / "kamailio.log").read_text()


def test_kill_9_of_kamailio_loses_nothing_that_is_a_second_old(telephony: Telephony) -> None:
    box = telephony
    people = {str(number): f"secret-{number}" for number in range(1000, 1040)}
    first = time.monotonic()
    kamailio = box.start(box.site(cloud="# no cloud", extensions=people))
    first = time.monotonic() - first
    phones = [box.hand(number, 100, port=5100 + at, password=people[number]) for at, number in enumerate(people)]
    for phone in phones:
        assert phone.register().code == 200
    time.sleep(1.0)
    kamailio.kill()
    # Another process has its number by now: a pid file, were there one, would keep Kamailio from starting (trap 9).
    for file in box.root.paths.kamailio_run.iterdir():
        if file.is_file() and file.read_bytes().strip().isdigit():
            file.write_text(f"{os.getpid()}\n")
    begun = time.monotonic()
    box.root.start("kamailio")
    rings(phones[0], phones[-1])
    assert time.monotonic() - begun <= max(BACK_S, first), "or as long as this machine takes for a start, voice and all"
    for caller, called in itertools.pairwise(phones):
        rings(caller, called)


@pytest.mark.parametrize("end", ["power cut", "shutdown"])
def test_the_registrations_come_back_after_the_run_folder_is_gone(telephony: Telephony, end: str) -> None:
    """/run is a tmpfs: everything that runs is killed at once, and it is empty at the next start."""
    box = telephony
    document = box.site(cloud="# no cloud")
    kamailio = box.start(document)
    phones = [box.hand(number, 101, port=5060 + int(number)) for number in ("101", "102", "103")]
    for phone in phones:
        assert phone.register().code == 200
    wait_for(lambda: len(bindings(snapshot(location(box)))) == 3, "the bindings written")
    voice = box.root.running["voice"]
    if end == "power cut":
        voice.kill()  # what it does every 20 s:
        Keeper(location(box), box.root.paths.registrations).keep()
    else:
        assert voice.stop() == 0
    kamailio.kill()
    if voice.process.poll() is None:
        voice.kill()
    box.root.stop()
    shutil.rmtree(box.root.paths.run)
    box.root.paths.run.mkdir()

    box.root.start("kamailio")
    for caller, called in ((phones[0], phones[1]), (phones[1], phones[2])):
        rings(caller, called)


def rings(caller: Hand, called: Hand) -> None:
    """One phone reaches the other, with proof."""
    called.wire.drain()
    invite = caller.invitation(called.number)
    caller.wire.send(invite, caller.box)
    challenge = caller.wire.final(invite)
    assert challenge.code == 407
    again = caller.proved(invite, challenge)
    caller.wire.send(again, caller.box)
    request, source = called.wire.request()
    called.wire.send(reply_to(request, 486, "Busy Here"), source)
    assert caller.wire.final(again).code == 486


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    live, copy = tmp_path / "live.sqlite", tmp_path / "kept" / "location.sqlite"
    make_location(live, copy)
    keeper = Keeper(live, copy)
    keeper.keep()
    first = keeper.written
    assert first == copy.stat().st_size > 0
    keeper.keep()
    Keeper(live, copy).keep()
    assert keeper.written == first
    put(live, "101")
    keeper.keep()
    assert keeper.written > first
    assert {user for user, _ in bindings(copy.read_bytes())} == {"101"}
    again = Keeper(live, copy)
    again.keep()
    assert again.written == 0, "a restart of voice writes nothing either"


def test_it_is_copied_again_and_again(tmp_path: Path) -> None:
    live, copy = tmp_path / "live.sqlite", tmp_path / "copy.sqlite"
    make_location(live, copy)
    threading.Thread(target=lambda: asyncio.run(Keeper(live, copy, period=0.01).run()), daemon=True).start()
    for number in ("101", "102"):
        put(live, number)
        wait_for(lambda at=number: copy.exists() and at in dict(bindings(copy.read_bytes())), f"{number} copied")


def test_a_damaged_database_is_replaced_by_its_copy_and_a_damaged_copy_by_a_new_one(tmp_path: Path) -> None:
    live, copy = tmp_path / "live.sqlite", tmp_path / "copy.sqlite"
    make_location(live, copy)
    put(live, "101")
    copy.write_bytes(snapshot(live) or b"")
    live.write_bytes(b"garbage" * 4000)
    make_location(live, copy)
    assert {user for user, _ in bindings(snapshot(live))} == {"101"}
    live.write_bytes(live.read_bytes()[:5000])
    copy.write_bytes(copy.read_bytes()[:5000])
    make_location(live, copy)
    assert is_sound(live)
    assert bindings(snapshot(live)) == set()


def test_a_disk_that_takes_nothing_is_said_and_tried_again(tmp_path: Path) -> None:
    live, blocked = tmp_path / "live.sqlite", tmp_path / "blocked"
    make_location(live, tmp_path / "none")
    blocked.write_text("a file where the folder should be")
    keeper = Keeper(live, blocked / "location.sqlite")
    keeper.keep()
    assert "blocked" in str(keeper.failure)
    document = '[voice]\nlisten = [{ address = "127.0.0.1" }]\n'
    facts = Facts(
        datetime.now(UTC), parse_site(document).voice, State(), Sight(answers=True), not_copied=keeper.failure
    )
    assert "voice.registrations_not_copied" in {check.ISSUE for check, _ in found(facts)}
    blocked.unlink()
    keeper.keep()
    assert keeper.failure is None
    assert is_sound(blocked / "location.sqlite")


def put(path: Path, number: str) -> None:
    """As another process does, which goes away afterwards."""
    row = (number, number, f"sip:{number}@x")
    code = f"""import sqlite3
database = sqlite3.connect({str(path)!r})
database.execute("INSERT INTO location (ruid, username, contact) VALUES (?, ?, ?)", {row!r})
database.commit()
database.close()"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
