"""Fixtures every test may use: a short REPLI_ROOT and real daemon processes in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from hil.rig.daemon import DaemonProcess, LocalRoot

# A property is true or false however fast the machine is: no example has a deadline, and none is drawn too slowly.
settings.register_profile("repli", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file with a test that is given more time than others begins early: no worker is alone with it at the end."""
    given: dict[Path, float] = {}
    for item in items:
        marker = item.get_closest_marker("timeout")
        given[item.path] = max(given.get(item.path, 0.0), float(marker.args[0]) if marker else 0.0)
    items.sort(key=lambda item: -given[item.path])


@pytest.fixture
def root() -> Iterator[LocalRoot]:
    """A REPLI_ROOT of this test alone, short enough for socket paths; its daemons are ended with it."""
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    folder.chmod(0o755)
    local = LocalRoot(folder)
    try:
        yield local
    finally:
        local.stop()
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["DaemonProcess", "root"]
