"""docs/issues.md: every issue a daemon can raise is there, and the command line has words for it."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

from edge.cli.issues import SUGGESTIONS, WORDS, issue_sentence
from edge.shared.messages.common import Issue

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs/issues.md"
ID = re.compile(r"(settings|uplinks|pppd|modem|voice|alerts|web)\.[a-z][a-z_]+")
NOT_IDS = re.compile(r".*\.(db|json|toml|sqlite)$")


def raised() -> set[str]:
    """Every string in the daemons' code that is an issue's id."""
    found = set()
    for folder in ("settings", "uplinks", "modem", "voice", "alerts"):
        found |= strings(TOP / "edge" / folder)
    return found | strings(TOP / "webui")


def strings(folder: Path) -> set[str]:
    trees = (ast.parse(path.read_text()) for path in folder.rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if ID.fullmatch(text) and not NOT_IDS.fullmatch(text)}


def on_page() -> set[str]:
    return {match[1] for match in re.finditer(r"^\| `(\w+\.\w+)` \|", PAGE.read_text(), re.MULTILINE)}


def test_every_issue_raised_is_on_the_page_and_has_words() -> None:
    assert raised() == on_page()
    assert raised() == WORDS.keys()


def test_the_page_says_the_words_of_the_command_line() -> None:
    page = PAGE.read_text()
    for name, words in {**WORDS, **SUGGESTIONS}.items():
        assert f"| `{name}` | {words} |" in page, f"run: scripts/docs ({name})"


def test_words_are_filled_in_with_the_issues_data() -> None:
    for name, words in WORDS.items():
        places = [place for _text, place, _spec, _conversion in string.Formatter().parse(words) if place]
        data = {place: f"<{place}>" for place in places if place != "subject"}
        said = issue_sentence(Issue(id=name, subject="<subject>", data=data, since=""))
        assert all(f"<{place}>" in said for place in places)


def test_an_issue_without_words_still_says_what_it_is() -> None:
    assert issue_sentence(Issue(id="new.fault", subject="x", data={"a": "b"}, since="")) == "new.fault x a=b"


def test_an_issue_without_its_data_still_says_what_it_is() -> None:
    assert issue_sentence(Issue(id="settings.not_kept", since="")) == "settings.not_kept"
