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
