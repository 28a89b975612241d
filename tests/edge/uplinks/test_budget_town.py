"""The data of a metered link, counted by the kernel and measured at the far end."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pytest

from hil.rig.virtual.flow.bulk import Bulk
from hil.rig.virtual.network import nft
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

METERED = "metered = true\nstandby_interval_ms = 1000\nbudget_mb = {0}"
TABLE = "inet repli_uplinks_count"


def budget(box: Box) -> dict[str, Any]:
    """The one link of `repli uplinks budget --json`."""
    result = box.town.repli("uplinks", "budget", "--json")
    assert result.returncode in (0, 1), result.stderr
    (link,) = json.loads(result.stdout)["links"]
    assert isinstance(link, dict)
    return link


def used(box: Box, flow_class: str) -> int:
    """Bytes of a class, both ways."""
    entry = next(entry for entry in budget(box)["classes"] if entry["flow_class"] == flow_class)
    return int(entry["in_bytes"] + entry["out_bytes"])


def start(box: Box, budget_mb: int) -> None:
    """A box whose only link is paid by volume."""
    box.write(box.static(box.town.plan.lte, METERED.format(budget_mb)))
    box.start()
    box.wait_up("lte", active="lte")


def test_each_class_is_counted_to_the_byte(box: Box) -> None:
    start(box, 100)
    with box.town.flow() as flow:
        flow.wait_arrivals(50)
        result = flow.result()
    assert used(box, "rtp") == (result.arrived + result.echoes) * (172 + 28)
    assert used(box, "box") > 0
    assert used(box, "sip") == 0


TRY = """
import socket, sys, time
sock = socket.socket()
sock.bind((sys.argv[1], 0))
sock.settimeout(10)
began = time.monotonic()
try:
    sock.connect((sys.argv[2], 443))
    print("connected")
except OSError as error:
    print("refused" if time.monotonic() - began < 1 else "silence", error)
"""


def test_used_up_bulk_fails_at_once_and_telephony_goes_on(box: Box) -> None:
    start(box, 1)
    town = box.town
    nft(
        town.namespace("lte"),
        """
        table ip seen {
            chain forward {
                type filter hook forward priority filter;
                iifname "box0" udp dport 5060 counter
            }
        }
        """,
    )

    def connect() -> str:
        return town.run("lan", [sys.executable, "-c", TRY, town.plan.browser_host, town.plan.targets[0]]).stdout

    assert connect() == "connected\n"
    with town.flow() as flow:
        flow.wait_arrivals(50)
        with Bulk(town, "tcp", streams=1) as bulk:
            wait_for(lambda: not bulk.sending, "the upload is cut off", every=0.2)
            since = time.monotonic_ns()
        assert connect().startswith("refused")
        time.sleep(2)
        assert flow.lost(since) == 0
    send = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 5060))\n"
    send += f"s.sendto(b'OPTIONS', ('{town.plan.cloud_pbx}', 5060))"
    assert town.run("lan", [sys.executable, "-c", send, town.plan.probe_host]).returncode == 0
    assert "packets 1 " in town.run("lte", ["nft", "list", "table", "ip", "seen"]).stdout
    assert box.link("lte")["state"] == "up", "the box's own probes pass"
    assert ("uplinks.budget_used", "lte") in box.issues()
    told = town.repli("uplinks", "budget")
    assert told.returncode == 1
    assert "ne porte plus que la téléphonie" in told.stdout
    assert budget(box)["stopped"] == ["bulk"]

    # Another life of the daemon, and a table that somebody flushed, change nothing of it.
    box.kill()
    box.start()
    assert connect().startswith("refused")
    box.edge(f"nft flush table {TABLE}")
    wait_for(lambda: connect().startswith("refused"), "refused again", every=0.5)


def test_what_was_used_outlives_the_daemon_and_the_machine(box: Box) -> None:
    start(box, 100)
    with box.town.flow() as flow:
        flow.wait_arrivals(50)
        before = used(box, "rtp")
        box.kill()
        flow.wait_arrivals(50)  # the kernel counts on
        box.start()
        flow.result()
    after = used(box, "rtp")
    assert after >= before + 2 * 50 * 200
    assert box.daemon is not None
    box.daemon.stop()
    box.edge(f"nft delete table {TABLE}")  # as a reboot does
    box.start()
    assert used(box, "rtp") == after


def test_changed_settings_keep_the_count_and_leave_no_table(box: Box) -> None:
    start(box, 100)
    box.kill()
    box.start(name="settings")
    box.start()
    with box.town.flow() as flow:
        flow.wait_arrivals(50)
    before = used(box, "rtp")
    changed = box.town.folder / "changed.toml"
    link = box.static(box.town.plan.lte, METERED.format(200))
    changed.write_text(box.document(link, head='nft_table = "repli_elsewhere"'), encoding="utf-8")
    assert box.town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: budget(box)["budget_bytes"] == 200_000_000, "the new budget", every=0.2)
    assert used(box, "rtp") == before
    wait_for(lambda: "repli_uplinks" not in box.edge("nft list tables"), "the old tables gone", every=0.2)
    assert "elsewhere_count" in box.edge("nft list tables")
    changed.write_text("[uplinks]\n", encoding="utf-8")
    assert box.town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: "inet" not in box.edge("nft list tables"), "nothing left of ours")
