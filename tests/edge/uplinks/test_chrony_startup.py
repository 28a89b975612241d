"""chrony's configuration from settings, whole; and what the box says of where its time comes from."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from edge.cli.verbs.time import Origin, TimeSource, origin
from edge.shared import sntp
from edge.shared.paths import Paths
from edge.shared.section import parse_site
from edge.uplinks.chrony.startup import may_set_clock, start

PATHS = Paths(Path("/r"))
ZONES = """
[[uplinks.zones]]
name = "bureaux"
interface = "lan0"
address = "192.0.2.1/24"
[[uplinks.zones]]
name = "voix"
interface = "lan0.20"
address = "198.51.100.1/25"
"""
CONF = "/r/run/repli/chrony/chrony.conf"
NOW = 1_795_000_000.0


def test_the_whole_configuration() -> None:
    site = parse_site('[uplinks.time]\nsources = ["ntp.example", "192.0.2.123"]\n' + ZONES)
    started = start(site, PATHS, sets_clock=True, clock_is_right=True)
    assert started is not None
    assert started.argv == ("chronyd", "-U", "-d", "-u", "repli-chrony", "-f", CONF)
    assert started.text.splitlines() == [
        "server ntp.example iburst",
        "server 192.0.2.123 iburst",
        "local stratum 10 orphan",
        "allow 127.0.0.1",
        "allow 192.0.2.0/24",
        "allow 198.51.100.0/25",
        "cmdport 0",
        "bindcmdaddress /",
        "pidfile /r/run/repli/chrony/pid",
        "driftfile /r/var/lib/repli/chrony/drift",
        "makestep 1.0 3",
        "rtcsync",
    ]


def test_without_the_right_to_it_the_machines_clock_is_left_alone() -> None:
    started = start(parse_site(ZONES), PATHS, sets_clock=False, clock_is_right=True)
    assert started is not None
    assert "-x" in started.argv
    assert "rtcsync" not in started.text
    assert "makestep" not in started.text


def test_a_clock_that_is_certainly_wrong_is_not_served() -> None:
    started = start(parse_site(ZONES), PATHS, sets_clock=True, clock_is_right=False)
    assert started is not None
    assert "local" not in started.text


def test_without_a_zone_to_serve_nothing_is_started() -> None:
    assert (
        start(parse_site("[uplinks.time]\nsources = ['ntp.example']"), PATHS, sets_clock=True, clock_is_right=True)
        is None
    )


@pytest.mark.parametrize(
    ("mask", "may"), [("0000000002000400", True), ("0000000000000400", False), ("000001ffffffffff", True)]
)
def test_the_right_is_read_from_the_kernel(tmp_path: Path, mask: str, may: bool) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tpython\nCapPrm:\t000001ffffffffff\nCapEff:\t{mask}\nCapBnd:\t0000000000000000\n")
    assert may_set_clock(status) is may


def reply(stratum: int, reference: bytes, leap: int = 0) -> sntp.TimeReply | None:
    stamp = struct.pack("!2I", int(NOW) + sntp.UNIX_EPOCH - (1 << 32) * (int(NOW) + sntp.UNIX_EPOCH >> 32), 1 << 31)
    flags = leap << 6 | 4 << 3 | 4
    return sntp.parse(struct.pack("!BBbb2I4s", flags, stratum, 6, -20, 0, 0, reference) + stamp + bytes(16) + stamp)


@pytest.mark.parametrize(
    ("heard", "has_rtc", "said"),
    [
        (None, True, Origin(TimeSource.OFF)),
        (reply(0, b"INIT"), True, Origin(TimeSource.NONE)),
        (reply(3, bytes([192, 0, 2, 1]), leap=3), True, Origin(TimeSource.NONE)),
        (reply(10, bytes([127, 127, 1, 1])), True, Origin(TimeSource.RTC, None, 10, None, 0.5)),
        (reply(10, bytes([127, 127, 1, 1])), False, Origin(TimeSource.SYSTEM, None, 10, None, 0.5)),
        (
            reply(2, bytes([192, 0, 2, 1])),
            False,
            Origin(TimeSource.NTP, "192.0.2.1", 2, "2026-11-18T11:06:40.500000Z", 0.5),
        ),
    ],
)
def test_where_the_time_comes_from(heard: sntp.TimeReply | None, has_rtc: bool, said: Origin) -> None:
    assert origin(heard, NOW, has_rtc=has_rtc) == said


@pytest.mark.parametrize("noise", [b"", bytes(47), bytes([0x23]) + bytes(47), b"\xff" * 4])
def test_what_is_no_answer_of_a_time_server_is_none(noise: bytes) -> None:
    assert sntp.parse(noise) is None


def test_the_count_of_seconds_begins_anew_in_2036() -> None:
    after = struct.pack("!BBbb2I4s", 0x24, 1, 6, -20, 0, 0, b"GPS") + bytes(24) + struct.pack("!2I", 10, 0)
    found = sntp.parse(after)
    assert found is not None
    assert (found.reference, found.now) == ("GPS", 2_085_978_506.0)
