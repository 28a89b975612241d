"""A town whose box is set up by hand; a virtual modem with somebody at its port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.rig.virtual import by_hand
from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.modem.terminal import Terminal
from hil.rig.virtual.town import Town


@pytest.fixture
def town() -> Iterator[Town]:
    """A town with what measuring needs in the cloud, routed by hand through the fibre."""
    with Town("t-hil", ("echo", "targets")) as built:
        by_hand.set_up(built)
        by_hand.route(built, built.plan.fibre)
        yield built


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[VirtualModem, Terminal]]]:
    """start(*options) gives a modem in PDU mode without echo, and who is at its port."""
    modems: list[VirtualModem] = []
    terminals: list[Terminal] = []

    def begin(*options: str) -> tuple[VirtualModem, Terminal]:
        modems.append(VirtualModem(tmp_path, f"m{len(modems)}", options=options))
        modems[-1].start()
        terminals.append(Terminal(modems[-1]))
        terminals[-1].get_ready()
        return modems[-1], terminals[-1]

    try:
        yield begin
    finally:
        for terminal in terminals:
            terminal.close()
        for modem in modems:
            modem.stop()
