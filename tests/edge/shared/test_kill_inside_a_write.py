"""kill -9 at seeded instants inside writes: what was acknowledged is there, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tinydb import TinyDB
from tinydb.table import Document

from edge.shared.ledger import Ledger
from edge.shared.storage import DurableStorage

WRITER = Path(__file__).with_name("durable_writer.py")
STEPS = ["CREATE TABLE deed (number INTEGER PRIMARY KEY, ballast TEXT NOT NULL)"]
KILLS = 20
FREEZES = 40  # instants at most that are looked at for one kill: on a quick disk few of them are inside a write


def last_acknowledged_before_the_kill(kind: str, path: Path, dice: random.Random) -> int:
    """Start a writer, let it acknowledge something, kill it at an instant of its next writes.

    A writer of documents is frozen at seeded instants until one is inside a write, however quick the disk is.
    """
    with subprocess.Popen([sys.executable, str(WRITER), kind, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        assert first, "the writer could not start on what the last kill left"
        for _ in range(FREEZES if kind == "durable" else 1):
            time.sleep(dice.uniform(0.0, 0.03))
            writer.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, writer.pid, os.WSTOPPED)
            if inside_a_write(path):
                break
            writer.send_signal(signal.SIGCONT)
        writer.kill()
        rest = writer.stdout.read().splitlines()
    return int([first, *rest][-1])


def inside_a_write(path: Path) -> bool:
    """Whether a document is half-way: its temporary file is there."""
    return any(path.parent.glob(f".{path.name}.*.new"))


def test_documents_lose_nothing_acknowledged(tmp_path: Path) -> None:
    path, dice = tmp_path / "deeds.json", random.Random(20)
    inside = 0
    for _ in range(KILLS):
        acknowledged = last_acknowledged_before_the_kill("durable", path, dice)
        inside += inside_a_write(path)
        document = TinyDB(path, storage=DurableStorage).table("deeds").get(doc_id=1)
        assert isinstance(document, Document)
        assert document["number"] in (acknowledged, acknowledged + 1)
        assert len(document["ballast"]) == (300_000 if document["number"] % 2 else 50)
    assert inside >= KILLS // 2, f"only {inside} kills fell inside a write"
    assert {entry.name for entry in tmp_path.iterdir()} <= {"deeds.json", "deeds.json.good"}


def test_ledger_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path, dice = tmp_path / "deeds.db", random.Random(21)
    for _ in range(KILLS):
        acknowledged = last_acknowledged_before_the_kill("rows", path, dice)
        ledger = Ledger(path, STEPS)
        numbers = [row[0] for row in ledger.read("SELECT number FROM deed ORDER BY number")]
        ledger.close()
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= acknowledged
