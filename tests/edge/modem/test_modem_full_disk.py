"""A disk that is full while SMS are sent: nothing leaves that is not written down, and all goes on once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shared.varlink import CallFailed, Unreachable
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled
from hil.rig.virtual.smsc.bench import GatewayBench
from hil.rig.virtual.smsc.centre import doubled as of_centre

COUNT = 20


@pytest.fixture
def gateways(root: LocalRoot) -> Iterator[GatewayBench]:
    bench = GatewayBench(root)
    try:
        yield bench
    finally:
        bench.stop()


@pytest.fixture
def small_disk(root: LocalRoot) -> Iterator[Path]:
    folder = root.paths.state("modem")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "repli-test", str(folder)], check=True)
    yield folder
    root.stop()
    subprocess.run(["umount", str(folder)], check=True)


def fill(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    for size in (65536, 4096, 1):
        try:
            while True:
                os.write(descriptor, b"x" * size)
        except OSError:
            continue
    os.close(descriptor)


def test_a_full_disk_ends_no_daemon_and_loses_and_doubles_nothing(bench: ModemBench, small_disk: Path) -> None:
    modem = bench.add_modem(options=["--latency", "0.2", "--unplugged"])
    bench.write_site()
    daemon = bench.start()
    for number in range(COUNT):
        bench.send(f"+336123456{number:02d}", f"Alerte {number}", f"a{number}")
    modem.inject("plug")
    bench.wait(lambda: len(bench.accepted()) >= 3)
    fill(small_disk / "other")
    bench.wait(lambda: [issue.id for issue in bench.issues()] == ["modem.no_storage"])
    with pytest.raises((CallFailed, Unreachable)):
        bench.send("+33612345699", "Pas écrite, pas promise", "z")
    assert daemon.process.poll() is None
    (small_disk / "other").unlink()
    bench.wait_all()
    assert len(bench.accepted()) == COUNT
    assert not doubled(bench.accepted())
    assert daemon.process.poll() is None


def test_with_a_gateway_it_is_the_same(gateways: GatewayBench, small_disk: Path) -> None:
    centre = gateways.add_centre(latency=300)
    gateways.write_gateways(window=2)
    centre.stop()
    daemon = gateways.start()
    for number in range(COUNT):
        gateways.send(f"+336123456{number:02d}", f"Alerte {number}", f"a{number}")
    centre.start()
    gateways.wait(lambda: len(centre.accepted()) >= 3)
    fill(small_disk / "other")
    gateways.wait(lambda: [issue.id for issue in gateways.issues()] == ["modem.no_storage"])
    assert daemon.process.poll() is None
    (small_disk / "other").unlink()
    gateways.wait_all()
    assert len(centre.accepted()) == COUNT
    assert not of_centre(centre.accepted())
    assert daemon.process.poll() is None
