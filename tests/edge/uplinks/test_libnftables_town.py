"""One context of libnftables answers every kind of question, in any order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.uplinks.libnftables import FirewallRefused, Libnftables

pytestmark = pytest.mark.town

TABLE = "inet repli_test_context"
LIST = f"list table {TABLE}"
MAKE = f"""table {TABLE} {{
  counter spent {{ packets 3 bytes 99 }}
  chain those {{ meta mark 7 counter name spent accept; }}
}}"""


@pytest.fixture
def nft() -> Iterator[Libnftables]:
    nft = Libnftables()
    nft.run(MAKE)
    yield nft
    nft.run(f"delete table {TABLE}")


def test_each_answer_has_the_shape_its_question_asked_for(nft: Libnftables) -> None:
    for _ in range(2):
        entries = nft.objects(LIST)
        assert [entry["counter"]["bytes"] for entry in entries if "counter" in entry] == [99]
        assert all("handle" in entry["rule"] for entry in entries if "rule" in entry)
        assert "packets" not in nft.text(LIST, counters=False)
        with_counters = nft.text(LIST, counters=True)
        assert "packets 3 bytes 99" in with_counters
        assert "# handle" not in with_counters


def test_a_change_is_seen_by_the_next_question_whoever_made_it(nft: Libnftables) -> None:
    nft.text(LIST, counters=False)
    other = Libnftables()
    other.run(f"add rule {TABLE} those meta mark 8 drop")
    assert "0x00000008 drop" in nft.text(LIST, counters=False)
    nft.run(f"flush chain {TABLE} those")
    assert [entry for entry in other.objects(LIST) if "rule" in entry] == []


def test_a_refusal_says_why_and_a_table_that_is_not_there_is_empty(nft: Libnftables) -> None:
    nft.objects(LIST)
    with pytest.raises(FirewallRefused, match="No such file or directory"):
        nft.run(f"flush chain {TABLE} nowhere")
    assert nft.objects(f"{LIST}_gone") == []
    assert nft.text(f"{LIST}_gone", counters=True) == ""
