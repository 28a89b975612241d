"""What the benchmark makes of what the far end saw."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from math import inf

import pytest

from hil.bench.uplinks.figures import FAULTS, FIGURES, Figure, judge, ratio
from hil.bench.uplinks.outcome import Outcome, first_s, moves, silence_s
from hil.bench.uplinks.report import document, missed, table
from hil.rig.virtual.flow.result import NS, Arrival, Gap
from hil.rig.virtual.network_faults import NETWORK_FAULTS

WELL = Outcome(
    established_out_s=0.1,
    new_out_s=0.1,
    established_moved_s=1.0,
    new_moved_s=1.0,
    established_moves=1,
    new_moves=1,
    watched_s=4.0,
)
BLACKHOLE_OUT = next(f for f in FIGURES if (f.fault, f.field) == ("fibre-blackhole", "established_out_s"))


def seen(*sides: str) -> list[Arrival]:
    """Packets that arrive a second apart, each from the side named."""
    return [Arrival(number, number * NS, f"{side}:4000") for number, side in enumerate(sides)]


def isp(source: str) -> str:
    return source.partition(":")[0]


def test_a_flow_that_stays_did_not_move() -> None:
    assert moves(seen("fibre", "fibre", "fibre"), 0, isp) == []


def test_each_change_of_side_is_a_move_and_those_before_the_fault_are_not() -> None:
    changes = moves(seen("lte", "fibre", "fibre", "lte", "fibre", "lte"), 2 * NS, isp)
    assert changes == [3 * NS, 4 * NS, 5 * NS]
    assert first_s(changes, 2 * NS) == 1.0
    assert first_s([], 2 * NS) == inf


def test_a_new_port_on_the_same_side_is_no_move() -> None:
    assert moves([Arrival(0, 0, "fibre:1"), Arrival(1, NS, "fibre:2")], 0, isp) == []


def test_a_packet_that_was_overtaken_is_no_move_back() -> None:
    late = Arrival(1, 3 * NS, "fibre:1")
    arrivals = [Arrival(0, 0, "fibre:1"), Arrival(2, 2 * NS, "lte:1"), late, Arrival(3, 4 * NS, "lte:1")]
    assert len(moves(arrivals, 0, isp)) == 1


def test_a_silence_that_lasts_is_told_from_the_wait_for_the_next_packet() -> None:
    assert silence_s(Gap(0, NS, over=True)) == 1.0
    assert silence_s(Gap(0, NS, over=False)) == inf
    assert silence_s(Gap(0, NS // 50, over=False)) == 0.02


def measured(repli: float, keepalived: float | None = None) -> dict[str, dict[str, list[Outcome]]]:
    figures = {"Repli": {"fibre-blackhole": [replace(WELL, established_out_s=repli)]}}
    if keepalived is not None:
        figures["keepalived"] = {"fibre-blackhole": [replace(WELL, established_out_s=keepalived)]}
    return figures


@pytest.mark.parametrize(
    ("repli", "keepalived", "kept"),
    [
        (0.6, None, True),
        (0.601, None, False),
        (0.5, 1.0, True),
        (0.5, 0.8, False),  # in time, and yet no better than the best peer by the factor that is demanded
        (0.5, inf, True),
        (inf, inf, False),
        (0.7, 5.0, False),
    ],
)
def test_repli_keeps_its_limit_and_its_distance_to_keepalived(
    repli: float, keepalived: float | None, kept: bool
) -> None:
    assert judge(BLACKHOLE_OUT, measured(repli, keepalived)).kept is kept


def test_the_median_counts_for_a_time_and_the_worst_for_a_count() -> None:
    trials = [replace(WELL, established_out_s=out, established_moves=out > 1) for out in (0.3, 0.4, 9.0)]
    everywhere = {"Repli": dict.fromkeys(FAULTS, trials)}
    assert judge(BLACKHOLE_OUT, everywhere).kept is True
    two_moves = {"Repli": {fault: [WELL, WELL, replace(WELL, established_moves=2)] for fault in FAULTS}}
    assert missed(two_moves) == [
        f"{figure.fault}: {figure.says.strip()}" for figure in FIGURES if figure.field == "established_moves"
    ]


def test_a_loss_that_moves_nothing_is_missed() -> None:
    still = replace(WELL, established_moved_s=inf, established_moves=0)
    assert missed({"Repli": {"fibre-loss": [still]}}) == ["fibre-loss: established flow moved after, s"]


def test_without_repli_nothing_is_judged() -> None:
    assert missed({"keepalived": {fault: [replace(WELL, established_out_s=inf)] for fault in FAULTS}}) == []


def test_the_ratio_is_of_medians_and_absent_where_it_would_be_no_number() -> None:
    assert ratio(BLACKHOLE_OUT, measured(0.5, 1.5), "keepalived") == 3.0
    assert ratio(BLACKHOLE_OUT, measured(0.0, 1.5), "keepalived") is None
    assert ratio(BLACKHOLE_OUT, measured(inf, 1.5), "keepalived") is None


def test_the_table_shows_peers_side_by_side_and_says_what_is_missed() -> None:
    text = table(measured(0.55, 0.8))
    assert "<= 0.6, <= 0.6x keepalived: MISSED" in text
    assert [line.split()[0] for line in text.splitlines() if line.startswith("   ")][:3] == [
        "trials",
        "Repli",
        "keepalived",
    ]


def test_the_document_is_json_whatever_never_happened() -> None:
    body = json.loads(json.dumps(document(measured(inf, 1.0), seed=7), allow_nan=False))
    assert body["trials"]["Repli"]["fibre-blackhole"][0]["established_out_s"] is None
    assert body["kept"] is False
    assert body["seed"] == 7


def test_the_limits_are_those_of_the_issue() -> None:
    def limit(fault: str, field: str) -> Figure:
        return next(figure for figure in FIGURES if (figure.fault, figure.field) == (fault, field))

    for field in ("established_out_s", "new_out_s"):
        figure = limit("fibre-blackhole", field)
        assert (figure.limit, figure.beside, figure.of) == (0.6, 0.6, "median")
    assert limit("fibre-carrier", "established_out_s").limit == 0.15
    assert limit("fibre-dead-gateway", "established_out_s").limit == 0.7
    assert limit("fibre-loss", "established_moved_s").limit == 2.5
    for kind in ("carrier", "blackhole"):
        assert limit(f"fibre-flap-{kind}", "established_moves").limit == 1
        assert limit(f"fibre-flap-{kind}", "new_moves").limit == 2


def test_every_fault_that_is_measured_is_one_of_the_town() -> None:
    assert set(FAULTS) <= {fault.name for fault in NETWORK_FAULTS}


@pytest.mark.parametrize("arguments", [["--peers", "carrier-pigeon"], ["--faults", "plague"], ["--repeats", "0"]])
def test_what_cannot_be_measured_is_refused(arguments: list[str]) -> None:
    argv = [sys.executable, "-m", "hil.bench.uplinks", *arguments]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
