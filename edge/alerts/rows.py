"""The rows of a CSV text as spreadsheets write it. Pure. A broken row costs itself, never the rows after it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

DELIMITERS = ";,\t"
SPAN_MAX = 10  # physical lines of one row: a quoted cell may hold line breaks, an unclosed quote must not eat the file

END_OF_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Row:
    """The cells of a row, and the line of the file on which it starts (1 for the first)."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class BrokenRow:
    """A row whose quote is never closed."""

    line: int


def delimiter_of(line: str) -> str:
    """The delimiter that cuts a heading line into the most cells."""
    return max(DELIMITERS, key=lambda delimiter: len(_cells(line, delimiter) or []))


def read_rows(lines: list[str], delimiter: str, *, first_line: int = 1) -> Iterator[Row | BrokenRow]:
    """Yield the rows that are not blank."""
    at = 0
    while at < len(lines):
        cells, span = _row_at(lines, at, delimiter)
        if cells is None:
            yield BrokenRow(first_line + at)
        elif any(cell.strip() for cell in cells):
            yield Row(first_line + at, cells)
        at += span


def _row_at(lines: list[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of the row that starts there, and how many lines it takes; None when its quote stays open."""
    if '"' not in lines[at]:
        return lines[at].split(delimiter), 1
    for span in range(1, min(SPAN_MAX, len(lines) - at) + 1):
        cells = _cells("\n".join(lines[at : at + span]), delimiter)
        if cells is not None:
            return cells, span
    return None, 1


def _cells(text: str, delimiter: str) -> list[str] | None:
    """One row's cells, or None when its quotes do not match."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
