"""What the command line prints: tables for people, one JSON object with "schema": 1 for programs."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from edge.shared.faults import printable

SCHEMA = 1  # fields are only added; a field that changes meaning would need a 2


def print_json(body: BaseModel | dict[str, Any]) -> None:
    """Print one JSON object on one line group, with its schema number first."""
    fields = body.model_dump(mode="json", by_alias=True) if isinstance(body, BaseModel) else body
    print(json.dumps({"schema": SCHEMA, **fields}, ensure_ascii=False, indent=2))


def print_json_line(body: BaseModel) -> None:
    """Print one JSON object on one line, now: for programs that follow what changes."""
    print(json.dumps({"schema": SCHEMA, **body.model_dump(mode="json")}, ensure_ascii=False), flush=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns; an absent value is a dash."""
    # Names come from files, replies from anybody's telephone: nothing in them may act on the terminal.
    cells = [list(headings), *[["-" if cell is None else printable(str(cell)) for cell in row] for row in rows]]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        print("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip())


def moment(text: str) -> str:
    """A moment (RFC 3339, UTC) as tables show it: to the second, without its zone."""
    return text[:19].replace("T", " ")


def local_time(text: str) -> str:
    """A moment (RFC 3339) by the clock of the place: 22/11/2026 03:14:07."""
    return datetime.fromisoformat(text).astimezone().strftime("%d/%m/%Y %H:%M:%S")


def print_error(text: str) -> None:
    """Print a sentence on standard error."""
    print(text, file=sys.stderr)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
