"""Signal, registration and IMS of a modem at the wire: shown in words and figures, kept, and told when they change."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.modem.radio.about import About
from edge.modem.radio.events import JUMP_DB, Trend, changes
from edge.modem.radio.ims import Ims
from edge.modem.radio.log import EVENTS_KEPT, KEPT, LONG_S, SHORT_S, RadioLog
from edge.modem.radio.looker import EVERY_BUSY_S, EVERY_S, Looker
from edge.modem.radio.signal import Reading
from edge.modem.store.schema import STEPS
from edge.shared.clock import VirtualClock
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import ModemState
from edge.shared.messages.modem_radio import Registration, Signal, Technology, VoiceWay
from hil.rig.virtual.modem.bench import ModemBench

MAKES = ["sim7600", "ec25", "plain"]


def signal_of(bench: ModemBench) -> dict[str, Any]:
    shown = bench.root.repli("modem", "signal", "--json")
    result: dict[str, Any] = json.loads(shown.stdout)
    return result


def ready(bench: ModemBench) -> bool:
    return bench.listed()[0].state is ModemState.READY


UNASKED_S = 12  # a modem tells a change unasked; the next look would come after 15 s


def issues(bench: ModemBench) -> list[str]:
    return [issue.id for issue in bench.issues()]


def kinds(bench: ModemBench) -> list[str]:
    return [event["kind"] for event in signal_of(bench)["events"]]


@pytest.mark.parametrize("make", MAKES)
def test_what_is_received_is_shown_whatever_the_make(bench: ModemBench, make: str) -> None:
    bench.add_modem(options=["--personality", make])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    (now,) = signal_of(bench)["signals"]
    assert (now["technology"], now["registration"], now["quality"]) == ("lte", "home", "excellent")
    assert (now["rsrp_dbm"], now["operator"], now["cell"], now["area"]) == (-85, "Virtuel", 187214780, "5A1E")
    assert now["rsrq_db"] == pytest.approx(-9.5, abs=0.6), "the EC25 gives whole ones"
    assert now["sinr_db"] == (None if make == "plain" else 15), "the standard has no command for it"
    assert now["voice"] == "volte"
    assert issues(bench) == []
    words = bench.root.repli("modem", "signal").stdout
    assert "excellente" in words
    assert "-85 dBm" in words
    assert "m1, 3 h : [" in words


@pytest.mark.parametrize("make", MAKES)
def test_a_network_lost_and_back_is_an_issue_and_two_events(bench: ModemBench, make: str) -> None:
    modem = bench.add_modem(options=["--personality", make])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.inject("signal", registration="searching")
    bench.wait(lambda: issues(bench) == ["modem.no_network"], within=UNASKED_S)
    assert bench.root.repli("modem", "signal").returncode == 1
    modem.inject("signal", registration="home")
    bench.wait(lambda: issues(bench) == [], within=UNASKED_S)
    assert kinds(bench) == ["network_lost", "network_back"]
    assert "réseau de Virtuel perdu : cherche un réseau" in bench.root.repli("modem", "signal").stdout


@pytest.mark.parametrize("make", MAKES)
def test_without_ims_the_voice_is_red(bench: ModemBench, make: str) -> None:
    modem = bench.add_modem(options=["--personality", make])
    modem.inject("signal", ims=False)
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    assert issues(bench) == ["modem.no_voice"]
    modem.inject("signal", ims=True)
    bench.wait(lambda: issues(bench) == [], within=UNASKED_S)
    modem.inject("signal", ims_voice=False)
    bench.wait(lambda: issues(bench) == ["modem.no_voice"], within=UNASKED_S)
    assert kinds(bench) == ["voice_back", "voice_lost"]


def test_calls_that_go_by_2g_only_and_a_modem_that_does_not_tell(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("signal", technology="2g")
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    assert issues(bench) == ["modem.voice_legacy"]
    bench.kill()
    modem.inject("signal", technology="4g", ims_told=False)
    bench.start()
    bench.wait(lambda: ready(bench))
    assert issues(bench) == ["modem.voice_unknown"]


def test_roaming_is_told_unless_it_is_meant(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.inject("signal", registration="roaming", operator="Ailleurs")
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    (issue,) = bench.issues()
    assert (issue.id, issue.severity, issue.data) == ("modem.roaming", "info", {"operator": "Ailleurs"})
    bench.write_site(each="expect_roaming = true")
    bench.kill()
    bench.start()
    bench.wait(lambda: ready(bench))
    assert issues(bench) == []


def test_a_level_that_drops_is_an_event_once_it_lasts(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--personality", "ec25"])
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    modem.inject("signal", rsrp=-118)
    bench.wait(lambda: "modem.signal_poor" in issues(bench), within=UNASKED_S)
    assert kinds(bench) == []
    modem.inject("signal", rsrp=-118)
    bench.wait(lambda: kinds(bench) == ["level_dropped"], within=UNASKED_S)
    (event,) = signal_of(bench)["events"]
    assert event["data"] == {"was": "-85", "now": "-118"}


def test_it_can_be_followed(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: ready(bench))
    command = [sys.executable, "-m", "edge.cli", "modem", "signal", "--follow", "--json"]
    with subprocess.Popen(command, env=bench.root.environment, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        first = json.loads(follower.stdout.readline())
        assert (first["schema"], first["signals"][0]["registration"]) == (1, "home")
        modem.inject("signal", registration="denied")
        assert json.loads(follower.stdout.readline())["signals"][0]["registration"] == "denied"
        follower.terminate()


# -- the rules alone -------------------------------------------------------------------------------------------------


def test_one_look_that_is_off_proves_nothing_two_do() -> None:
    trend, _ = Trend().after(-85.0)
    trend, jump = trend.after(-85.0 - JUMP_DB)
    assert jump is None
    steady, jump = trend.after(-85.0)
    assert jump is None
    assert steady.after(-85.0 - JUMP_DB)[1] is None
    lasting, jump = trend.after(-86.0 - JUMP_DB)
    assert jump == -85.0
    assert lasting.usual == -86.0 - JUMP_DB
    assert lasting.after(None) == (lasting, None)
    slow = Trend(-85.0)
    for level in range(-85, -116, -1):
        slow, jump = slow.after(float(level))
        assert jump is None, "a slow change is the weather"


def seen(**changed: Any) -> Signal:
    fields: dict[str, Any] = {
        "modem": "m1",
        "at": "2026-11-28T02:14:00Z",
        "technology": Technology.LTE,
        "registration": Registration.HOME,
        "operator": "Orange F",
        "voice": VoiceWay.VOLTE,
    }
    return Signal(**{**fields, **changed})


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        ({"registration": Registration.DENIED}, "network_lost"),
        ({"registration": Registration.ROAMING}, "roams"),
        ({"technology": Technology.GSM}, "technology"),
        ({"operator": "SFR"}, "operator"),
        ({"voice": VoiceWay.NONE}, "voice_lost"),
    ],
)
def test_each_change_is_one_event(now: dict[str, Any], kind: str) -> None:
    assert [found for found, _ in changes(seen(), seen(**now), None, None)] == [kind]


def test_nothing_is_told_of_a_first_look_or_of_no_change() -> None:
    assert changes(None, seen(registration=Registration.DENIED), None, None) == []
    assert changes(seen(), seen(), None, -85.0) == []
    assert changes(seen(), seen(registration=Registration.UNKNOWN), None, None) == [], "the modem did not tell"


ABOUT = About(reading=Reading(Technology.LTE, Registration.HOME, rsrp_dbm=-90.0), ims=Ims(registered=True, voice=True))


@pytest.fixture
def kept(tmp_path: Path) -> tuple[RadioLog, VirtualClock, Ledger]:
    ledger, clock = Ledger(tmp_path / "modem.db", STEPS), VirtualClock()
    return RadioLog(ledger, clock), clock, ledger


def at(level: float) -> About:
    return replace(ABOUT, reading=replace(ABOUT.reading, rsrp_dbm=level))


def test_levels_are_rolled_up_in_five_minutes_and_in_hours(kept: tuple[RadioLog, VirtualClock, Ledger]) -> None:
    radio, clock, _ledger = kept
    for level in (-90.0, -100.0, -80.0, -90.0):
        radio.look("m1", at(level))
        clock.advance(SHORT_S / 2)
    first, second = radio.samples("m1", 1)
    assert (first.low_dbm, first.mean_dbm, first.high_dbm, first.looks) == (-100.0, -95.0, -90.0, 2)
    assert (second.low_dbm, second.high_dbm) == (-90.0, -80.0)
    (hour,) = radio.samples("m1", 25)
    assert (hour.step_s, hour.looks, hour.low_dbm, hour.mean_dbm) == (LONG_S, 4, -100.0, -90.0)


def test_the_past_outlives_the_daemon(kept: tuple[RadioLog, VirtualClock, Ledger]) -> None:
    radio, clock, ledger = kept
    radio.look("m1", at(-90.0))
    radio.close()
    again = RadioLog(ledger, clock)
    again.look("m1", at(-100.0))
    (sample,) = again.samples("m1", 1)
    assert (sample.looks, sample.low_dbm, sample.mean_dbm, sample.high_dbm) == (2, -100.0, -95.0, -90.0)
    again.close()
    assert RadioLog(ledger, clock).samples("m1", 1) == [sample]


def test_the_past_is_bounded_whatever_the_clock_does(kept: tuple[RadioLog, VirtualClock, Ledger]) -> None:
    radio, clock, ledger = kept
    ledger.connection.execute("PRAGMA synchronous=OFF")
    for day in range(14):
        for _ in range(24 * 12):
            radio.look("m1", at(-90.0))
            clock.advance(SHORT_S)
        if day == 4:
            clock.advance(-3 * 86_400)
    radio.close()
    counts = dict(ledger.read("SELECT step_s, count(*) FROM signal GROUP BY step_s"))  # type: ignore[arg-type]
    assert counts[SHORT_S] <= KEPT[SHORT_S]
    assert counts[LONG_S] <= KEPT[LONG_S]


def test_events_are_bounded(kept: tuple[RadioLog, VirtualClock, Ledger]) -> None:
    radio, _clock, ledger = kept
    ledger.connection.execute("PRAGMA synchronous=OFF")
    for number in range(EVENTS_KEPT + 50):
        lost = replace(ABOUT, reading=replace(ABOUT.reading, registration=Registration.DENIED))
        radio.look("m1", lost if number % 2 else ABOUT)
    (count,) = ledger.read("SELECT count(*) FROM radio_events")[0]
    assert count == EVENTS_KEPT


def test_a_disk_that_refuses_stops_no_look(kept: tuple[RadioLog, VirtualClock, Ledger]) -> None:
    radio, clock, ledger = kept
    radio.look("m1", ABOUT)
    ledger.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(sqlite3.Error), ledger.change() as db:
        db.execute("DELETE FROM signal")
    clock.advance(SHORT_S)
    radio.look("m1", replace(ABOUT, reading=replace(ABOUT.reading, registration=Registration.DENIED)))
    assert radio.now["m1"].registration is Registration.DENIED


def looker(answers: Callable[[str], list[str] | None]) -> tuple[Looker, list[str], list[float]]:
    asked: list[str] = []
    now = [0.0]

    async def attempt(command: str) -> list[str] | None:
        asked.append(command)
        return answers(command)

    return Looker("m1", attempt, About(), lambda: now[0]), asked, now


def test_what_a_modem_refuses_is_not_asked_again() -> None:
    looking, asked, now = looker(lambda command: ["+CSQ: 21,99"] if command == "AT+CSQ" else None)

    async def run() -> None:
        await looking.start()
        while not await looking.step():
            pass
        asked.clear()
        assert not looking.due()
        now[0] += EVERY_S
        assert looking.due()
        assert await looking.step()

    asyncio.run(run())
    assert asked == ["AT+CSQ"]


def test_while_messages_wait_one_thing_is_asked_in_half_a_minute() -> None:
    """A round is a dozen questions: none of them comes with another between two messages."""
    looking, asked, now = looker(lambda command: ["+CSQ: 21,99"] if command == "AT+CSQ" else [])

    async def run() -> None:
        await looking.start()
        asked.clear()
        for _part in range(600):
            if looking.overdue():
                await looking.step()
            now[0] += 0.5

    asyncio.run(run())
    assert len(asked) == 600 * 0.5 / EVERY_BUSY_S - 1


def test_a_change_told_unasked_makes_the_next_look_now() -> None:
    looking, _asked, _now = looker(lambda _command: None)

    async def run() -> None:
        await looking.start()
        await looking.step()

    asyncio.run(run())
    assert not looking.due()
    assert not looking.hear("RING")
    assert not looking.due()
    assert looking.hear('+CEREG: 5,"12AB","0164C301",7')
    assert looking.due()
