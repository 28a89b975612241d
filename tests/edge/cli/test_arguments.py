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
