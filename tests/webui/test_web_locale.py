"""Every string of the pages has its English, and no English stands for a string that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import webui
from edge.shared.model import Language
from webui.words import LOCALE, Words, french_spaces

METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "words": None, "plural": (1, 2), "mark": None, "self": None}
CATALOGUE = LOCALE / "en" / "LC_MESSAGES" / "repli.po"


def source_strings() -> set[str]:
    """All msgids; of plural ones the singular, which is the catalogue's key."""
    found = extract_from_dir(
        Path(webui.__file__).parent, METHODS, {"templates/**.html": {"newstyle_gettext": "true"}}, keywords=KEYWORDS
    )
    return {entry[2][0] if isinstance(entry[2], tuple) else entry[2] for entry in found}


def english() -> dict[str, tuple[str, ...]]:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    return {
        (entry.id[0] if isinstance(entry.id, tuple) else entry.id): (
            tuple(entry.string) if isinstance(entry.string, tuple | list) else (entry.string,)
        )
        for entry in catalogue
        if entry.id
    }


def test_every_string_has_its_english():
    strings = source_strings()
    assert len(strings) > 100  # the extraction itself works: templates and modules are read
    translated = {key for key, texts in english().items() if all(texts)}
    assert sorted(strings - translated) == []


def test_no_english_is_left_of_a_string_that_is_gone():
    assert sorted(english().keys() - source_strings()) == []


def test_english_keeps_the_names_of_the_data():
    for key, texts in english().items():
        for text in texts:
            assert set(re.findall(r"%\(\w+\)s", text)) <= set(re.findall(r"%\(\w+\)s", key)) | {"%(num)s"}, key


@pytest.mark.parametrize(
    ("plain", "set_well"),
    [
        ("Alerte n° 17 : partie !", "Alerte n°\u00a017\u00a0: partie\u202f!"),
        ("« oui »", "«\u00a0oui\u00a0»"),
        ("à 412 personnes", "à 412\u00a0personnes"),
        ("%(num)s personnes", "%(num)s\u00a0personnes"),
        ("02:14", "02:14"),
    ],
)
def test_french_has_its_no_break_spaces(plain: str, set_well: str):
    assert french_spaces(plain) == set_well


def test_numbers_and_plurals_follow_the_language():
    french, other = Words(Language.FR), Words(Language.EN)
    assert french.plural("%(num)s prévenu", "%(num)s prévenus", 0) == "0\u00a0prévenu"  # French: zero is singular
    assert french.plural("%(num)s prévenu", "%(num)s prévenus", 1240) == "1\u202f240\u00a0prévenus"
    assert other.plural("%(num)s prévenu", "%(num)s prévenus", 1240) == "1,240 told"
    assert other("Tout fonctionne, sans doute") == "Tout fonctionne, sans doute"
