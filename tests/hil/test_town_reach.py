"""Reaching into the town: the forwarder, the browser, the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from hil.rig.virtual.plan import NAMESPACES, TOWNS
from hil.rig.virtual.processes import is_running
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.state import read_state
from hil.rig.virtual.town import Town

pytestmark = pytest.mark.town


@pytest.fixture
def page_town(tmp_path: Path) -> Iterator[Town]:
    """A town whose edge serves one page."""
    (tmp_path / "index.html").write_text("<title>Valbourg</title><h1 id=hello>Bonsoir</h1>", encoding="utf-8")
    with Town("t-page", ()) as town:
        argv = [sys.executable, "-m", "http.server", "--directory", str(tmp_path), "--bind", town.plan.edge_lan]
        town.spawn("edge", [*argv, str(town.plan.web_port)], "page.log").wait_printed("^Serving")
        yield town


def fetched(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return str(answer.read(), "utf-8")


def test_the_forwarder_serves_the_edge_s_page_on_the_machine(page_town: Town) -> None:
    port = page_town.forward()
    assert "Bonsoir" in fetched(port)
    assert "Bonsoir" in fetched(port)
    page_town.process("page").kill()
    with pytest.raises(OSError):
        fetched(port)
    page_town.respawn("page").wait_printed("^Serving")
    assert "Bonsoir" in fetched(port)


def test_the_forwarder_ends_with_the_town() -> None:
    with Town("t-forward", ()) as town:
        town.forward()
        (record,) = read_state(town.folder).processes.values()
        assert is_running(record.pid, record.started)
    assert not is_running(record.pid, record.started)


def test_a_browser_in_the_lan_loads_the_edge_s_page(page_town: Town) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(page_town.browser_wrapper()))
        page = browser.new_page()
        page.goto(f"http://{page_town.plan.edge_lan}:{page_town.plan.web_port}/")
        assert page.inner_text("#hello") == "Bonsoir"
        assert page_town.plan.browser_host in page_town.process("page").log_text()
        browser.close()


def repli_town(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "hil.rig.virtual.cli", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def kept() -> Iterator[str]:
    """A town that `repli-town up` left running."""
    up = repli_town("up", "--name", "t-kept", "--parts", "targets", "--without-appliance")
    assert up.returncode == 0, up.stderr
    assert "ip netns exec t-kept-lan" in up.stdout
    yield "t-kept"
    assert repli_town("down", "--name", "t-kept").returncode == 0
    assert not list(TOWNS.glob("t-kept*"))


def test_a_town_kept_for_a_person_has_faults_and_a_status(kept: str) -> None:
    status = json.loads(repli_town("status", "--name", kept, "--json").stdout)
    assert status["schema"] == 1
    assert [(process["name"], process["running"]) for process in status["processes"]] == [("targets", True)]
    assert repli_town("fault", "fibre-carrier", "--name", kept).returncode == 0
    listed = json.loads(repli_town("faults", "--name", kept, "--json").stdout)["faults"]
    assert {fault["name"] for fault in listed if fault["active"]} == {"fibre-carrier"}
    assert repli_town("heal", "fibre-carrier", "--name", kept).returncode == 0
    assert json.loads(repli_town("status", "--name", kept, "--json").stdout)["faults"] == []


def test_a_second_up_of_the_same_name_is_refused_and_harmless(kept: str) -> None:
    again = repli_town("up", "--name", kept, "--without-appliance")
    assert again.returncode == 2
    assert "a town named t-kept is running" in again.stderr
    assert repli_town("status", "--name", kept).returncode == 0


def test_a_town_of_another_topology() -> None:
    up = repli_town("up", "--name", "t-kept", "--topology", "one-leg", "--parts", "targets", "--without-appliance")
    try:
        assert up.returncode == 0, up.stderr
        assert "t-kept-commune" in up.stdout
        assert RunningTown.attach("t-kept").plan.one_leg
    finally:
        assert repli_town("down", "--name", "t-kept").returncode == 0


def test_a_kept_town_goes_with_its_keeper(kept: str) -> None:
    status = json.loads(repli_town("status", "--name", kept, "--json").stdout)
    subprocess.run(["kill", f"-{signal.SIGKILL}", str(status["owner"])], check=True)
    assert repli_town("down", "--name", kept).returncode == 0
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert not [role for role in NAMESPACES if f"{kept}-{role}" in namespaces]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("status", "--name", "t-none"), "no town named t-none is running"),
        (("fault", "fibre-carrier", "--name", "t-none"), "no town named t-none is running"),
        (("up", "--name", "No Town"), "is no name for a town"),
        (("up", "--parts", "volcano"), "no part named volcano"),
        (("up", "--topology", "ring"), "(choose from 'router', 'behind-firewall', 'one-leg')"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments: tuple[str, ...], says: str) -> None:
    result = repli_town(*arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_down_without_a_town_is_no_fault() -> None:
    assert repli_town("down", "--name", "t-none").returncode == 0
