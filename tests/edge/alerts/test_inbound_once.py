"""What comes in by SMS reaches alerts once and in order, whoever is killed; so it does a watcher that reconnects."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import threading
import time
from collections.abc import Iterator

import pytest

from edge.shared.messages.modem import MODEM, SEND, WATCH, SendParams, WatchParams
from edge.shared.varlink import CallFailed, Client, Unreachable, call_once
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.client import VirtualModem

MESSAGES, KILLS, SENT = 90, 6, 100
SITE = """
[[modem.devices]]
name = "m1"
device = "{device}"
[modem]
command_timeout_s = 1.0
reconnect_max_s = 0.5
"""


class Watcher:
    """Watches the modem daemon as alerts does: keeps the cursor of what it has seen, connects again whenever it must."""

    def __init__(self, root: LocalRoot) -> None:
        self.seen: list[tuple[int, str]] = []
        self._root = root
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()))
        self._thread.start()

    async def _watch(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(Unreachable, CallFailed, TimeoutError):
                async with asyncio.timeout(0.8), Client(MODEM, self._root.paths.socket("modem")) as client:
                    cursor = self.seen[-1][0] if self.seen else 0
                    async for event in client.watch(WATCH, WatchParams(inbox_after=cursor)):
                        if event.inbound is not None:
                            self.seen.append((event.inbound.seq, event.inbound.text))
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)


@pytest.fixture
def modem(root: LocalRoot) -> Iterator[VirtualModem]:
    with VirtualModem(root.folder, options=["--latency", "0.05"]) as modem:
        yield modem


@pytest.fixture
def watcher(root: LocalRoot) -> Iterator[Watcher]:
    watcher = Watcher(root)
    yield watcher
    watcher.stop()


def received(root: LocalRoot) -> list[tuple[int, str]]:
    """What alerts has on disk, in its order."""
    with contextlib.closing(sqlite3.connect(f"file:{root.paths.state('alerts')}/alerts.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT seq, text FROM inbound ORDER BY rowid").fetchall()


@pytest.mark.parametrize("seed", [1, 2])
def test_each_message_is_published_once(root: LocalRoot, modem: VirtualModem, watcher: Watcher, seed: int) -> None:
    dice = random.Random(seed)
    root.write_site(SITE.format(device=modem.link))
    root.start("modem")
    root.start("alerts")
    # While there is something to send, what came in is committed here and deleted in the modem only later.
    for number in range(SENT):
        params = SendParams(number=f"+336111111{number % 100:02d}", text="Bonjour", request_id=f"r{number}")
        asyncio.run(call_once(MODEM, root.paths.socket("modem"), SEND, params))
    texts = [f"Message {number}" for number in range(MESSAGES)]
    for kill in range(KILLS):
        for text in texts[kill * MESSAGES // KILLS : (kill + 1) * MESSAGES // KILLS]:
            modem.inject("bring", number=f"+336000000{dice.randrange(100):02d}", text=text)
            time.sleep(dice.uniform(0, 0.02))
        victim = ("modem", "alerts")[kill % 2]
        root.running[victim].kill()
        root.start(victim)
    deadline = time.monotonic() + 60
    while (len(received(root)) < MESSAGES or len(watcher.seen) < MESSAGES) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # for what would come twice
    in_order = list(range(1, MESSAGES + 1))
    for reader in (received(root), watcher.seen):
        assert [seq for seq, _text in reader] == in_order
        assert sorted(text for _seq, text in reader) == sorted(texts)
