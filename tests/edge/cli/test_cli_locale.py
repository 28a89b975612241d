"""Every string of the command line has its English with the same places to fill in, and none stands for a string that is gone."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge.cli.words import LOCALE

CLI = LOCALE.parent
WORD_TABLES = {
    "_TEMPLATES",
    "_SENTENCES",
    "WORDS",
    "SUGGESTIONS",
    "_REFUSALS",
    "_ROLES",
    "_MODEM_STATES",
    "_STATES",
    "_FATES",
    "_MODES",
    "_REASONS",
} | {
    "CALL_STATES",
    "CALL_STEPS",
    "_CAUSES",
    "_MEASURES",
    "BAN_REASONS",
    "_REACH",
    "_ANSWERS",
    "_ERRORS",
    "_ROW_FAULTS",
    "_NUMBER_REASONS",
    "_SILENCES",
    "_SYSTEM",
    "_SOURCES",
    "_EXPLAIN_SOURCES",
    "_EXPLAIN_MODES",
    "_EXPLAIN_REASONS",
    "_HOLIDAYS",
    "CALL_CLASSES",
    "_GROUP_ORDERS",
    "_OUTCOMES",
    "_KINDS",
    "_HEALTH",
    "_REGISTRATION",
    "_SIM_TROUBLES",
    "_REGISTRATIONS",
    "_QUALITIES",
    "_TECHNOLOGIES",
    "_VOICE_WAYS",
    "_RADIO_EVENTS",
    "_STEPS_DONE",
    "_STEPS_FAILED",
    "_LEVELS",
    "_SEVERITIES",
    "_ASIDE",
}


def source_strings() -> set[str]:
    """Literals inside _(), and the values of the tables whose words go through _() when they are looked up."""
    spoken = {entry[2] for entry in extract_from_dir(CLI, [("**.py", "python")], keywords={"_": None})}
    return {text for text in spoken | table_strings() if text}


def table_strings() -> set[str]:
    found: set[str] = set()
    for path in CLI.rglob("*.py"):
        constants = dict(assignments(ast.parse(path.read_text())))
        for table in (value for name, value in constants.items() if name in WORD_TABLES):
            assert isinstance(table, ast.Dict)
            values = (constants.get(v.id) if isinstance(v, ast.Name) else v for v in table.values)
            found |= {v.value for v in values if isinstance(v, ast.Constant)}
    return found


def assignments(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Every NAME = VALUE at the top of a module."""
    for node in module.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield target.id, node.value


def english() -> dict[str, str]:
    with (LOCALE / "en/LC_MESSAGES/repli.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file, locale="en") if entry.id}


def places(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def test_every_string_has_its_english() -> None:
    assert not source_strings() - english().keys()
    assert all(english().values())


def test_no_english_is_left_of_a_string_that_is_gone() -> None:
    assert not english().keys() - source_strings()


def test_english_has_the_same_places_to_fill_in() -> None:
    assert not [french for french, text in english().items() if places(french) != places(text)]


def test_the_tables_are_found() -> None:
    """A table that is renamed must be renamed here, or its words would go untranslated unseen."""
    written = "\n".join(path.read_text() for path in Path(CLI).rglob("*.py"))
    assert not [name for name in WORD_TABLES if f"{name}:" not in written and f"{name} =" not in written]
