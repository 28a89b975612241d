"""A box with telephones on loopback."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig.daemon import LocalRoot
from hil.rig.virtual.sip.loopback import NETWORKS, PROCESS_OCTET, Telephony
from hil.rig.virtual.sip.place import LoopbackPlace


@pytest.fixture
def telephony() -> Iterator[Telephony]:
    """A box of this test alone."""
    yield from _telephony()


@pytest.fixture(scope="module")
def shared_telephony() -> Iterator[Telephony]:
    """A box of this file."""
    yield from _telephony()


def _telephony() -> Iterator[Telephony]:
    # A tmpfs, as the box's run folder is: Kamailio syncs every binding by itself.
    folder = Path(tempfile.mkdtemp(prefix="v-", dir="/dev/shm"))
    folder.chmod(0o755)
    (folder / "peers").mkdir()
    one = Telephony(
        LocalRoot(folder / "root"), LoopbackPlace(folder / "peers"), f"127.{PROCESS_OCTET}.{next(NETWORKS)}"
    )
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)
