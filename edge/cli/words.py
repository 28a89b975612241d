"""Words of the command line: French first, English with REPLI_LANG=en; sentences made from error ids and data."""

from __future__ import annotations

import os
from pathlib import Path

from edge.shared.locale import translations

LOCALE = Path(__file__).parent / "locale"


def _language() -> str:
    return os.environ.get("REPLI_LANG", "fr")


def _(text: str) -> str:
    """Translate a French source string to the language asked for; nothing stays nothing (gettext: the catalog's head)."""
    return translations(LOCALE, _language()).gettext(text) if text else ""


def figure(value: float, digits: int = 1) -> str:
    """A number as people of the language write it: 0,4 in French."""
    text = f"{value:.{digits}f}"
    return text if _language() == "en" else text.replace(".", ",")
