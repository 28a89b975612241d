"""What scripts/bench-sms makes of the network's log: its counting must find what it is there to find."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest
import serial

from hil.bench.sms.count import Counted, Wanted, accepted_s, count, use
from hil.bench.sms.figures import FIGURES, PARTS, REPLI, Figure, Measured, missed, unmeasured
from hil.bench.sms.report import document, table
from hil.bench.sms.worlds import WORLDS
from hil.rig.virtual.modem.client import Accepted, VirtualModem

NS = 1_000_000_000
ASKED = [Wanted("+33600000001", "Un"), Wanted("+33600000002", "Deux"), Wanted("+33600000003", "Trois parts")]


def line(number: str, text: str, *, at_s: float = 1.0, part: int = 1, total: int = 1, ref: int = 7) -> Accepted:
    return Accepted(
        monotonic_ns=round(at_s * NS),
        at="2026-01-01T00:00:00+00:00",
        destination=number,
        reference=1,
        text=text,
        concat_ref=ref if total > 1 else None,
        part=part,
        total=total,
        encoding="gsm7",
        report_wanted=True,
        validity_minutes=60.0,
    )


def all_well() -> list[Accepted]:
    return [
        line("+33600000001", "Un"),
        line("+33600000002", "Deux"),
        *(line("+33600000003", text, part=part, total=3) for part, text in enumerate(("Tro", "is ", "parts"), start=1)),
    ]


def test_what_came_once_and_whole_is_well() -> None:
    counted = count(ASKED, all_well())
    assert (counted.lost, counted.mangled, counted.doubled, counted.unasked) == (
        frozenset(),
        frozenset(),
        0,
        frozenset(),
    )


def test_a_line_that_comes_again_is_doubled_each_time() -> None:
    counted = count(ASKED, [*all_well(), *all_well()[:1] * 2, all_well()[3]])
    assert counted.twice == {"+33600000001": 2, "+33600000003": 1}
    assert counted.doubled == 3
    assert counted.lost == frozenset()


def test_a_part_sent_again_under_another_reference_is_doubled_too() -> None:
    again = line("+33600000003", "is ", part=2, total=3, ref=8)
    assert count(ASKED, [*all_well(), again]).doubled == 1


@pytest.mark.parametrize("gone, number", [(0, "+33600000001"), (2, "+33600000003"), (4, "+33600000003")])
def test_a_line_that_is_missing_is_a_message_lost(gone: int, number: str) -> None:
    log = all_well()
    del log[gone]
    assert count(ASKED, log).lost == {number}


def test_another_text_and_another_number_are_found() -> None:
    log = all_well()
    log[1] = line("+33600000002", "deux")
    counted = count(ASKED, [*log, line("+33699999999", "Un")])
    assert counted.mangled == {"+33600000002"}
    assert counted.unasked == {"+33699999999"}


def test_use_is_of_the_time_from_the_request_to_the_last_accept_in_any_order_of_the_log() -> None:
    log = [line("+33600000001", "Un", at_s=14.0), line("+33600000002", "Deux", at_s=12.0)]
    assert use(2, 1.0, 10 * NS, log) == pytest.approx(0.5)
    assert accepted_s("+33600000002", 10 * NS, log) == pytest.approx(2.0)
    assert accepted_s("+33600000003", 10 * NS, log) is None


def test_the_log_of_the_virtual_modem_itself_is_counted(tmp_path: Path) -> None:
    """A part handed over twice by hand stands in its log twice."""
    with VirtualModem(tmp_path, options=["--latency", "0.01"]) as modem:
        port = serial.Serial(str(modem.link), timeout=5)
        port.write(b"AT+CMGF=0\r")
        assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")
        pdu = "0011000B913306000000F100000B025537"  # "Un" to +33600000001, one hour
        for _ in range(2):
            port.write(f"AT+CMGS={len(pdu) // 2 - 1}\r".encode())
            assert port.read_until(b"> ").endswith(b"> ")
            port.write(f"{pdu}\x1a".encode())
            assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")
        port.close()
        log = modem.log()
    counted = count([Wanted("+33600000001", "Un"), Wanted("+33600000002", "Deux")], log)
    assert counted == Counted(frozenset({"+33600000002"}), frozenset(), {"+33600000001": 1}, frozenset())


def good() -> dict[str, dict[str, Sequence[float]]]:
    return {REPLI: {figure.key: [figure.limit or 0.0] for figure in FIGURES}}


def test_what_is_just_as_demanded_is_kept() -> None:
    assert missed(good()) == []
    assert unmeasured(good(), PARTS) == []


@pytest.mark.parametrize("figure", [figure for figure in FIGURES if figure.limit is not None], ids=lambda f: f.key)
def test_each_demand_can_be_missed(figure: Figure) -> None:
    measured = good()
    assert figure.limit is not None
    measured[REPLI][figure.key] = [figure.limit + (-0.01 if figure.demand.endswith(">=") else 1)]
    assert missed(measured) == [f"{figure.title}: {figure.says.strip()}"]


def test_one_bad_trial_among_good_ones_is_a_miss_where_each_counts() -> None:
    measured = good()
    measured[REPLI]["killed/reports/twice"] = [0, 0, 1, 0]
    measured[REPLI]["use/300ms"] = [0.95, 0.5, 0.95]  # of this the median counts: a busy machine is no sender's fault
    assert missed(measured) == ["kill -9 inside a submit: came twice"]


def test_what_never_came_is_a_miss_and_can_be_written() -> None:
    measured = good()
    measured[REPLI]["recovery/renamed"] = [inf]
    assert missed(measured) == ["recovery: next part after the device is back, s"]
    written = json.loads(json.dumps(document(measured, 1, []), allow_nan=False))
    assert written["trials"][REPLI]["recovery/renamed"] == [None]
    assert "never" in table(measured)


def test_a_demand_without_a_figure_is_said() -> None:
    measured = good()
    del measured[REPLI]["urgent/start"]
    assert unmeasured(measured, PARTS) == ["1 000 routine messages wait: urgent one starts, in submit times"]
    assert unmeasured(measured, ["use"]) == []


def test_peers_are_beside_repli_and_judged_by_nothing() -> None:
    measured: Measured = {**good(), "gammu-smsd": {"use/300ms": [0.3], "lost-answer/reports/twice": [2.0]}}
    assert missed(measured) == []
    rows = [row for row in table(measured).splitlines() if "gammu-smsd" in row]
    assert len(rows) == 2
    assert not any("kept" in row or "MISSED" in row for row in rows)


def test_every_world_has_its_demands() -> None:
    keys = {figure.key for figure in FIGURES if figure.limit is not None}
    for world in WORLDS:
        assert {f"{world.key}/reports/{what}" for what in ("lost", "twice")} <= keys
        assert {f"{world.key}/silent/{what}" for what in ("lost", "beyond", "unmarked")} <= keys


@pytest.mark.parametrize("argument", ["--only=speed", "--peers=kannel", "--faults=0"])
def test_what_it_does_not_know_is_refused(argument: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hil.bench.sms", argument], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert argument.partition("=")[0] in done.stderr
