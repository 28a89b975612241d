"""What options refuse, in words."""

from __future__ import annotations

import pytest

from hil.rig.daemon import LocalRoot


@pytest.mark.parametrize("given", ["0", "-1", "10001", "many", "1.5", "٣", "9" * 5000])
def test_a_number_out_of_bounds_or_none_says_the_bounds(root: LocalRoot, given: str) -> None:
    refused = root.repli("uplinks", "history", f"--limit={given}")
    assert refused.returncode == 2
    assert "de 1 à 10000" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("given", ["", " ", "x" * 201, "deux\nlignes", "\x1b[2J", "\x9b2J"])
@pytest.mark.parametrize("verb", [("force", "lte"), ("forbid", "lte"), ("isolate",)])
def test_a_reason_that_is_no_line_is_refused_in_words(root: LocalRoot, verb: tuple[str, ...], given: str) -> None:
    refused = root.repli("uplinks", *verb, f"--reason={given}")
    assert refused.returncode == 2
    assert "une ligne de 200 caractères au plus" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("stats --day demain", "AAAA-MM-JJ"),
        ("stats --day ٢٠٢٦-٠١-٠١", "AAAA-MM-JJ"),
        ("bans --remove routeur", "une adresse, par exemple 203.0.113.7"),
        ("redirect 101 --to 1|2 --until 18:00", "un numéro, sans espaces"),
        ("redirect 101 --to 102 --until ce-soir", "18:00, ou 2026-12-25T10:00"),
        ("explain 101 1|2", "un numéro, sans espaces"),
    ],
)
def test_what_a_verb_of_the_telephones_cannot_read_says_what_it_expects(
    root: LocalRoot, words: str, expected: str
) -> None:
    refused = root.repli("voice", *words.split())
    assert refused.returncode == 2
    assert expected in refused.stderr
    assert "Traceback" not in refused.stderr
