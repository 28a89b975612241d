"""AT work for other parts of the daemon, between the parts of messages."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from edge.modem.bell import Bell
from edge.modem.port.at import AtClosed, AtError, AtPort, AtRefused
from edge.modem.port.errands import Errands

PORT = cast("AtPort", object())


async def refused(_port: AtPort) -> str:
    raise AtRefused("AT+X: ERROR", None)


async def closed(_port: AtPort) -> str:
    raise AtClosed("gone")


async def well(port: AtPort) -> str:
    assert port is PORT
    return "done"


def test_each_asker_gets_its_own_result_or_failure() -> None:
    async def work() -> None:
        errands = Errands(PORT, Bell())
        asked = [asyncio.ensure_future(errands.ask(each)) for each in (well, refused, well)]
        await asyncio.sleep(0)
        assert errands.pending()
        await errands.run()
        assert not errands.pending()
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert results[0] == results[2] == "done"
        assert isinstance(results[1], AtRefused)

    asyncio.run(work())


def test_an_asker_who_gave_up_costs_the_modem_nothing() -> None:
    async def work() -> None:
        errands = Errands(PORT, Bell())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(errands.ask(closed), 0.01)
        await errands.run()

    asyncio.run(work())


def test_nobody_waits_for_a_port_that_is_gone() -> None:
    async def work() -> None:
        errands = Errands(PORT, Bell())
        first, second = (asyncio.ensure_future(errands.ask(each)) for each in (closed, well))
        await asyncio.sleep(0)
        with pytest.raises(AtClosed):
            await errands.run()
        errands.end()
        for asked in (first, second):
            with pytest.raises(AtError):
                await asked
        with pytest.raises(AtClosed):
            await errands.ask(well)

    asyncio.run(work())


def test_asking_wakes_the_session() -> None:
    async def work() -> None:
        bell = Bell()
        asked = asyncio.ensure_future(Errands(PORT, bell).ask(well))
        await asyncio.sleep(0)
        assert bell.rings == 1
        asked.cancel()

    asyncio.run(work())
