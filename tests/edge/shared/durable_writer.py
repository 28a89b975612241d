"""A process that writes and says on standard output what is durable: to be killed in the middle of it."""

from __future__ import annotations

import sys
from pathlib import Path

from tinydb import TinyDB
from tinydb.storages import JSONStorage, Storage
from tinydb.table import Document

from edge.shared.ledger import Ledger
from edge.shared.storage import DurableStorage

STEPS = ["CREATE TABLE deed (number INTEGER PRIMARY KEY, ballast TEXT NOT NULL)"]


def write_documents(path: Path, storage: type[Storage]) -> None:
    """Grows and shrinks by turns: a shrinking rewrite in place is what breaks the stock storage."""
    table = TinyDB(path, storage=storage).table("deeds")
    before = table.get(doc_id=1)
    number = before["number"] if isinstance(before, Document) else 0
    while True:
        number += 1
        ballast = "x" * (300_000 if number % 2 else 50)
        table.upsert(Document({"number": number, "ballast": ballast}, doc_id=1))
        acknowledge(number)


def write_rows(path: Path) -> None:
    ledger = Ledger(path, STEPS)
    number = ledger.read("SELECT coalesce(max(number), 0) FROM deed")[0][0]
    while True:
        number += 1
        with ledger.change() as change:
            change.execute("INSERT INTO deed VALUES (?, ?)", (number, "x" * 500))
        acknowledge(number)


def acknowledge(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    kind, target = sys.argv[1], Path(sys.argv[2])
    if kind == "rows":
        write_rows(target)
    else:
        write_documents(target, DurableStorage if kind == "durable" else JSONStorage)
