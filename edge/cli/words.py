"""Words of the command line: French first, English with REPLI_LANG=en; sentences made from error ids and data."""

from __future__ import annotations

import os
from pathlib import Path

from edge.shared.locale import translations

LOCALE = Path(__file__).parent / "locale"


def _(text: str) -> str:
    """Translate a French source string to the language asked for."""
    return translations(LOCALE, os.environ.get("REPLI_LANG", "fr")).gettext(text)
