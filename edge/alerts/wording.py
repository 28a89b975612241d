"""The exact text of a campaign. Pure. Variables are filled in once, when it is sent."""

from __future__ import annotations

import re
from datetime import datetime

EXERCISE = "EXERCICE EXERCICE - "
REMINDER = "RELANCE - "


def first_text(template: str, *, site: str, local: datetime, exercise: bool, code: int | None) -> str:
    """The message. local is the site's own time; code: for people who have another alert open."""
    values = {"site": site, "time": local.strftime("%Hh%M")}
    text = re.sub(r"\{(site|time)\}", lambda match: values[match[1]], template)
    return (EXERCISE if exercise else "") + text + (f" Code {code}." if code is not None else "")


def reminder_text(text: str) -> str:
    """The reminder of a message: EXERCICE stays first."""
    if text.startswith(EXERCISE):
        return EXERCISE + REMINDER + text.removeprefix(EXERCISE)
    return REMINDER + text
