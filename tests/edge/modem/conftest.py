"""A modem daemon of its own for each test, with virtual modems at the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.bench import ModemBench


@pytest.fixture
def bench(root: LocalRoot) -> Iterator[ModemBench]:
    bench = ModemBench(root)
    try:
        yield bench
    finally:
        bench.stop()
