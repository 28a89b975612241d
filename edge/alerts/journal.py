"""The journal: what was done, by whom, when. Append only; written in the transaction of the deed itself."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from enum import StrEnum
from typing import Any

from edge.shared.clock import utc_text


class Entry(StrEnum):
    """Kinds of entries."""

    IMPORT = "import"
    CAMPAIGN = "campaign"
    REMINDERS = "reminders"
    ANSWER = "answer"
    INFORMATION = "information"


def record(connection: sqlite3.Connection, now: datetime, entry: Entry, data: dict[str, Any]) -> None:
    """Add one line."""
    connection.execute(
        "INSERT INTO journal (at, kind, data) VALUES (?, ?, ?)",
        (utc_text(now), entry.value, json.dumps(data, ensure_ascii=False)),
    )
