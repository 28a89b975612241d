"""The whole appliance in an empty namespace."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig.alone import Appliance

SITE = """\
[site]
name = "Mairie de Test"
[web]
port = 8080
[voice]
listen = [{ address = "127.0.0.1", port = 5060 }]
"""


@contextlib.contextmanager
def laid_out() -> Iterator[Appliance]:
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    with Appliance(folder, f"rc-{os.getpid()}-{folder.name[2:]}") as box:
        box.write_site(SITE)
        yield box
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def appliance() -> Iterator[Appliance]:
    """Not started yet; its document is minimal."""
    with laid_out() as box:
        yield box


@pytest.fixture(scope="module")
def running() -> Iterator[Appliance]:
    """Every daemon ready; shared by the tests that leave it so."""
    with laid_out() as box:
        box.start()
        yield box
