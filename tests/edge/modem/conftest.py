"""A modem daemon of its own for each test, with virtual modems at the wire; or its decisions alone, with no port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.bench import ModemBench
from tests.edge.modem.dispatching import Desk


@pytest.fixture
def bench(root: LocalRoot) -> Iterator[ModemBench]:
    bench = ModemBench(root)
    try:
        yield bench
    finally:
        bench.stop()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.ledger.close()
