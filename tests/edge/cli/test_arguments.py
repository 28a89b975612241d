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
