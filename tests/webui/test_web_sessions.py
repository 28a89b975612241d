"""Sessions: kept over a restart, over at the right moment whatever the clock does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from edge.shared.clock import VirtualClock
from edge.shared.messages.common import Role
from webui.attempts import failed
from webui.sessions import Sessions


def test_a_session_outlives_a_restart_and_its_token_is_not_in_the_file(tmp_path: Path):
    clock = VirtualClock()
    token, session = Sessions(tmp_path / "s.json", clock, "boot 1").begin(Role.OPERATOR, 12)
    again = Sessions(tmp_path / "s.json", clock, "boot 1").find(token)
    assert again == session
    assert token not in (tmp_path / "s.json").read_text()
    assert Sessions(tmp_path / "s.json", clock, "boot 1").find(token + "x") is None


def test_a_session_ends_after_its_hours(tmp_path: Path):
    clock = VirtualClock()
    sessions = Sessions(tmp_path / "s.json", clock, "boot 1")
    token, _ = sessions.begin(Role.OPERATOR, 12)
    clock.advance(12 * 3600 - 1)
    assert sessions.find(token) is not None
    clock.advance(2)
    assert sessions.find(token) is None
    assert len(sessions) == 0


def test_a_clock_that_learns_the_time_throws_nobody_out(tmp_path: Path):
    clock = VirtualClock()
    sessions = Sessions(tmp_path / "s.json", clock, "boot 1")
    token, _ = sessions.begin(Role.OPERATOR, 12)
    clock.wall += timedelta(days=400)  # NTP answers at last: only the wall clock jumps
    assert sessions.find(token) is not None
    assert Sessions(tmp_path / "s.json", clock, "boot 2").find(token) is None


def test_over_a_reboot_the_wall_clock_counts(tmp_path: Path):
    clock = VirtualClock()
    token, _ = Sessions(tmp_path / "s.json", clock, "boot 1").begin(Role.OPERATOR, 12)
    clock.elapsed = timedelta()  # the monotonic clock starts again
    clock.wall += timedelta(hours=11)
    assert Sessions(tmp_path / "s.json", clock, "boot 2").find(token) is not None
    clock.wall += timedelta(hours=2)
    assert Sessions(tmp_path / "s.json", clock, "boot 2").find(token) is None


def test_logging_out_ends_it_on_the_box(tmp_path: Path):
    sessions = Sessions(tmp_path / "s.json", VirtualClock(), "boot 1")
    token, session = sessions.begin(Role.OPERATOR, 12)
    sessions.end(session)
    assert sessions.find(token) is None
    assert Sessions(tmp_path / "s.json", VirtualClock(), "boot 1").find(token) is None


def test_a_login_holds_while_nothing_can_be_written(tmp_path: Path):
    folder = tmp_path / "state"
    folder.mkdir()
    sessions = Sessions(folder / "s.json", VirtualClock(), "boot 1")
    folder.rename(tmp_path / "away")  # root may write to any folder, but not to one that is gone
    token, _ = sessions.begin(Role.OPERATOR, 12)
    assert sessions.find(token) is not None
    assert list(sessions.troubles) == ["web.sessions_not_kept"]
    (tmp_path / "away").rename(folder)
    sessions.begin(Role.OPERATOR, 12)
    assert sessions.troubles == {}
    assert Sessions(folder / "s.json", VirtualClock(), "boot 1").find(token) is not None


def test_failed_tries_and_known_devices_outlive_a_restart(tmp_path: Path):
    sessions = Sessions(tmp_path / "s.json", VirtualClock(), "boot 1")
    sessions.keep_attempts(failed(sessions.attempts, "10.0.0.9", 1000.0))
    device = sessions.remember_device()
    again = Sessions(tmp_path / "s.json", VirtualClock(), "boot 1")
    assert again.attempts == sessions.attempts
    assert again.device(device) is not None
    assert again.device("another") is None
