"""A power cut loses no registration that is older than promised: the constants say so, and the copy on the disk shows it."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from edge.voice.kamailio.location_file import make_location
from edge.voice.kamailio.startup import CFG
from edge.voice.registrations import BEHIND, PERIOD, PROMISED, WRITE_MAX, Keeper
from hil.rig.virtual.sip.loopback import Telephony

PACE = 0.2  # seconds between two registrations


def test_the_constants_keep_the_promise() -> None:
    """Lost is what came after the copy before the one that the cut interrupts."""
    (tick,) = re.findall(r'modparam\("usrloc", "timer_interval", (\d+)\)', CFG.read_text())
    assert 2 * int(tick) <= BEHIND, "a tick may be late by as much again"
    assert PERIOD + BEHIND + WRITE_MAX <= PROMISED == 30.0
    assert WRITE_MAX >= 5.0, "the copy is small, but an SD card takes its time"


def test_a_slow_disk_does_not_put_off_the_next_copy(tmp_path: Path) -> None:
    live, copy = tmp_path / "live.sqlite", tmp_path / "copy.sqlite"
    make_location(live, copy)
    begun: list[float] = []

    def slow(path: Path, content: bytes) -> None:
        begun.append(time.monotonic())
        time.sleep(0.4)
        path.write_bytes(content)
        with closing(sqlite3.connect(live)) as database:
            database.execute("INSERT INTO location (ruid, username, contact) VALUES (?, '101', 'sip:x')", (len(begun),))
            database.commit()

    keeper = Keeper(live, copy, period=0.5, write=slow)
    threading.Thread(target=lambda: asyncio.run(keeper.run()), daemon=True).start()
    deadline = time.monotonic() + 20.0
    while len(begun) < 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert min(after - before for before, after in itertools.pairwise(begun[1:])) < 0.8


def test_no_registration_older_than_promised_is_missing_on_the_disk(telephony: Telephony) -> None:
    """The real Kamailio and voice; what a power cut at this moment would lose is looked at ten times a second."""
    people = {str(number): f"secret-{number}" for number in range(1000, 1500)}
    telephony.start(telephony.site(cloud="# no cloud", extensions=people))
    copy = telephony.root.paths.registrations
    granted: dict[str, float] = {}
    enough = threading.Event()

    def register() -> None:
        phone = telephony.hand("1000", 100, password="x")
        for number, password in people.items():
            phone.number, phone.password = number, password
            begun = time.monotonic()
            if phone.register(expires=600).code == 200:
                granted[number] = time.monotonic()
            if enough.wait(max(0.0, begun + PACE - time.monotonic())):
                return

    registering = threading.Thread(target=register, daemon=True)
    registering.start()
    oldest, kept, copies = 0.0, set[str](), set[int]()
    deadline = time.monotonic() + 90.0
    while len(copies) < 3 and time.monotonic() < deadline:
        now = time.monotonic()
        oldest = max([oldest, *(now - at for number, at in list(granted.items()) if number not in kept)])
        if copy.exists() and copy.stat().st_mtime_ns not in copies:
            copies.add(copy.stat().st_mtime_ns)
            kept |= _kept(copy)  # they end after a minute, and go
        time.sleep(0.1)
    enough.set()
    registering.join(10)
    assert len(copies) == 3
    assert PERIOD - 2.0 < oldest <= PROMISED


def _kept(copy: Path) -> set[str]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(copy.read_bytes())
        return {number for (number,) in database.execute("SELECT username FROM location")}
