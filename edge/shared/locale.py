"""Words for people, through gettext. Source strings are French (French first); English comes from a .po file.

The .po files are read as they are, so that no compiled catalogue has to be built or shipped.
"""

from __future__ import annotations

import functools
import gettext
import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


@functools.cache
def translations(folder: Path, language: str) -> gettext.NullTranslations:
    """Translations of FOLDER/LANGUAGE/LC_MESSAGES/repli.po; French needs none."""
    catalogue = folder / language / "LC_MESSAGES" / "repli.po"
    if language == "fr" or not catalogue.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with catalogue.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
