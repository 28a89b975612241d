"""The units of the box say what the table of daemons says, which `repli run` follows in every rig."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.shared.daemons import DAEMONS, Daemon

IMAGE = Path(__file__).parents[2] / "image"


def settings_of(unit: Path) -> dict[str, str]:
    lines = (line for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def lines_of(name: str) -> set[str]:
    return {line for line in (IMAGE / name).read_text().splitlines() if line and not line.startswith("#")}


@pytest.mark.parametrize("daemon", DAEMONS.values(), ids=DAEMONS.keys())
def test_the_unit_says_what_the_table_says(daemon: Daemon) -> None:
    unit = settings_of(IMAGE / f"systemd/repli-{daemon.name}.service")
    capabilities = " ".join(f"CAP_{name.upper()}" for name in (*daemon.capabilities, *daemon.machine_capabilities))
    assert unit["User"] == unit["Group"] == daemon.user
    assert unit["SupplementaryGroups"].split() == list(daemon.groups)
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == capabilities
    assert unit["NoNewPrivileges"] == "yes"
    assert unit["Type"] == "notify"
    assert unit["ExecStart"].endswith(f" -P -m {daemon.module}")
    assert unit["Restart"] == "always"
    assert f"/var/lib/repli/{daemon.name}" in unit["ReadWritePaths"].split()
    assert "ExecStop" not in unit
    assert (unit["WatchdogSec"] == "30") == daemon.varlink
    assert (IMAGE / f"systemd/repli-{daemon.name}.socket").exists() == daemon.socket_activated


def test_no_unit_is_there_for_a_daemon_that_is_not() -> None:
    assert {unit.stem for unit in (IMAGE / "systemd").iterdir()} == {f"repli-{name}" for name in DAEMONS}


def test_users_and_their_groups() -> None:
    lines = lines_of("sysusers.d/repli.conf")
    for daemon in DAEMONS.values():
        if daemon.user == "root":  # its unit alone gives it the group
            continue
        assert {f"m {daemon.user} {group}" for group in daemon.groups} <= lines
        assert any(line.startswith(f"u {daemon.user} ") for line in lines) or daemon.user == "kamailio"  # Debian's


def test_folders_are_those_of_repli_run() -> None:
    lines = lines_of("tmpfiles.d/repli.conf")
    assert {
        f"d /var/lib/repli/{daemon.name} 0750 {daemon.user} {daemon.user} -" for daemon in DAEMONS.values()
    } <= lines
    assert "d /run/repli 1775 root repli -" in lines
    assert "d /etc/repli 2750 repli-settings repli -" in lines
    assert "d /run/repli/kamailio 2770 kamailio repli -" in lines
    assert "d /var/lib/repli/registrations 2750 repli-voice repli -" in lines
