"""What probes cost, and the budget of a link that is paid for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.clock import VirtualClock
from edge.shared.model import Link, ProbeTarget
from edge.uplinks.probe_cost import (
    METERED_STANDBY_MS,
    MONTH_S,
    interval_ms,
    probe_bytes,
    standby_interval_ms,
    standby_mb_month,
)
from edge.uplinks.probe_volume import VolumeBook
from edge.uplinks.probes import Volume

HOST = "192.0.2.31"
TARGETS = [
    ProbeTarget.model_validate({"host": HOST, **settings})
    for settings in (
        {"kind": "icmp"},
        {"kind": "udp", "port": 7},
        {"kind": "tcp", "port": 443},
        {"kind": "dns", "query": "sonde.mairie.example"},
        {"kind": "sip"},
        {"kind": "http"},
        {"kind": "http", "expect_text": "ok"},
        {"kind": "https"},
    )
]
ICMP, UDP, TCP = TARGETS[:3]


def link(**settings: Any) -> Link:
    return Link.model_validate({"name": "lte", "interface": "wwan0", "metered": True, **settings})


def test_an_icmp_probe_and_its_answer_are_88_bytes() -> None:
    assert probe_bytes(ICMP) == 2 * (20 + 8 + 16)


def test_pings_alone_stay_at_thirty_seconds() -> None:
    assert standby_interval_ms(link(), [ICMP], Volume()) == METERED_STANDBY_MS
    assert standby_mb_month(link(), [ICMP], Volume()) == pytest.approx(88 * MONTH_S / 30 / 1e6)


def test_three_targets_cost_no_more_than_one() -> None:
    assert standby_mb_month(link(), [ICMP, ICMP, ICMP], Volume()) == standby_mb_month(link(), [ICMP], Volume())


@given(
    st.lists(st.sampled_from(TARGETS), min_size=1, max_size=6),
    st.none() | st.floats(1, 1000),
    st.integers(0, 1000),
    st.integers(0, 20_000),
)
def test_a_month_of_standing_by_never_costs_more_than_the_budget(
    targets: list[ProbeTarget], budget_mb: float | None, probes: int, bytes_each: int
) -> None:
    counted = Volume(sent=probes * bytes_each // 2, received=probes * bytes_each // 2, probes=probes)
    metered = link(probe_budget_mb=budget_mb)
    rounds = 1000 * MONTH_S / standby_interval_ms(metered, targets, counted)
    dearest = max(bytes_each if probes >= 10 else 0, sum(probe_bytes(target) for target in targets) / len(targets))
    assert rounds * dearest <= (budget_mb or 10) * 1e6 * 1.0001 + rounds
    assert standby_mb_month(metered, targets, counted) <= (budget_mb or 10) * 1.0001


def test_probes_dearer_than_assumed_become_rarer() -> None:
    dear = Volume(sent=10_000, received=90_000, probes=100)
    assert standby_interval_ms(link(), [ICMP], dear) > 8 * standby_interval_ms(link(), [ICMP], Volume())


def test_an_interval_in_the_settings_is_kept() -> None:
    assert standby_interval_ms(link(standby_interval_ms=500), [TCP], Volume()) == 500
    assert standby_interval_ms(link(metered=False), [TCP], Volume()) == 100


def test_a_paid_link_that_carries_is_asked_once_a_second_unless_settings_say_otherwise() -> None:
    assert [interval_ms(link(metered=metered)) for metered in (False, True)] == [100, 1000]
    assert [interval_ms(link(metered=metered, interval_ms=250)) for metered in (False, True)] == [250, 250]


def book(path: Path, clock: VirtualClock) -> VolumeBook:
    return VolumeBook(path / "probe-volume.json", clock)


def test_a_month_goes_on_through_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock(datetime(2026, 11, 28, tzinfo=UTC))
    first = book(tmp_path, clock)
    first.of("lte").add(60, 40)
    first.save()
    second = book(tmp_path, clock)
    second.of("lte").add(5, 0)
    assert (second.of("lte").total, second.month_bytes("lte"), second.month_bytes("fibre")) == (5, 105, 0)


def test_a_new_month_begins_at_nothing(tmp_path: Path) -> None:
    clock = VirtualClock(datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    counts = book(tmp_path, clock)
    counts.of("lte").add(100, 0)
    counts.save()
    clock.advance(120)
    counts.of("lte").add(0, 7)
    assert counts.month_bytes("lte") == 0  # what came in between two looks belongs to the month before
    counts.of("lte").add(3, 0)
    assert (counts.month_bytes("lte"), counts.of("lte").total) == (3, 110)
    counts.save()
    assert book(tmp_path, clock).month_bytes("lte") == 3


def test_a_clock_that_was_never_set_ends_no_month(tmp_path: Path) -> None:
    counts = book(tmp_path, VirtualClock(datetime(2026, 11, 28, tzinfo=UTC)))
    counts.of("lte").add(100, 0)
    counts.save()
    assert book(tmp_path, VirtualClock(datetime(1970, 1, 1, tzinfo=UTC))).month_bytes("lte") == 100


@pytest.mark.parametrize("content", ["", "[]", "{", '{"month": "2026-11", "bytes": 3}', json.dumps({"bytes": {}})])
def test_a_damaged_count_begins_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "probe-volume.json").write_text(content)
    assert book(tmp_path, VirtualClock()).month_bytes("lte") == 0


def test_a_disk_that_refuses_costs_nothing_but_the_count(tmp_path: Path) -> None:
    counts = VolumeBook(tmp_path / "no-such-folder" / "probe-volume.json", VirtualClock())
    counts.of("lte").add(1, 0)
    counts.save()
    assert counts.month_bytes("lte") == 1
