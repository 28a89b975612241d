"""The book on disk: one TinyDB document, each change of it durable and whole."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter
from tinydb import TinyDB
from tinydb.table import Document

from edge.settings.decision import Book
from edge.shared.storage import DurableStorage

ONLY = 1  # the one document of the table: a change of several of its parts is one write
BOOK = TypeAdapter(Book)


class BookFile:
    """revisions.json in the settings daemon's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = TinyDB(path, storage=DurableStorage)
        self._table = self._db.table("book")

    def read(self) -> Book:
        """The book, empty at the very first start. Raises DocumentDamaged."""
        document = self._table.get(doc_id=ONLY)
        return BOOK.validate_python(dict(document)) if isinstance(document, Document) else Book()

    def write(self, book: Book) -> None:
        """Keep the book; returns when it is on the medium. Raises OSError with the old one untouched."""
        self._table.upsert(Document(BOOK.dump_python(book, mode="json"), doc_id=ONLY))

    @property
    def recovered(self) -> bool:
        """Whether the last good copy had to be used."""
        storage = self._db.storage
        return isinstance(storage, DurableStorage) and storage.recovered

    def close(self) -> None:
        """Close the file."""
        self._db.close()
