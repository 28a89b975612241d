"""Routes read by hand: what `ip route` shows of one table, and nothing of what a routing daemon has beside it."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import subprocess
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.fib import RouteReader, parse
from edge.uplinks.kernel import Kernel
from edge.uplinks.netlink import AsyncIPRoute
from edge.uplinks.netlink_messages import messages
from edge.uplinks.plan import LOOPBACK, UNREACHABLE, MainDefault, Route
from hil.rig.virtual.inside import inside

TABLE, EMPTY, FOREIGN = 4171, 4172, 3000
ROUTES = f"""
route add default via 192.0.2.1 dev lo onlink metric 10 table {TABLE} proto 82
route add 198.51.100.0/24 dev lo table {TABLE} proto 82
route add unreachable default metric 7 table {TABLE}
route add 2001:db8:1::/64 dev lo table {TABLE}
route add ::/0 dev lo metric 10 table {TABLE}
route add default via 192.0.2.9 dev lo onlink metric 20700 proto dhcp
"""
WANTED = {
    Route(TABLE, "0.0.0.0/0", LOOPBACK, "192.0.2.1", 10),
    Route(TABLE, "198.51.100.0/24", LOOPBACK),
    Route(TABLE, "0.0.0.0/0", 0, None, 7, UNREACHABLE),
    Route(TABLE, "2001:db8:1::/64", LOOPBACK, None, 1024),
    Route(TABLE, "::/0", LOOPBACK, None, 10),
}


@pytest.fixture(scope="module")
def routed() -> Iterator[None]:
    """A network namespace with these routes, and a routing daemon's in the main table."""
    name = "t-fib"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        foreign = "".join(f"route add 198.18.{n // 250}.{n % 250} dev lo proto bgp\n" for n in range(FOREIGN))
        batch = f"link set lo up\n{ROUTES.strip()}\n{foreign}"
        subprocess.run(["ip", "-n", name, "-batch", "-"], input=batch, text=True, check=True)
        with inside(name):
            yield
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.mark.usefixtures("routed")
def test_the_routes_of_our_tables_are_read_in_both_families() -> None:
    async def story() -> frozenset[Route]:
        async with Kernel() as kernel:
            return await kernel.routes(range(TABLE, EMPTY + 1))

    assert asyncio.run(story()) == WANTED


@pytest.mark.usefixtures("routed")
def test_of_the_main_table_the_default_routes_are_read_with_who_set_them() -> None:
    async def story() -> frozenset[MainDefault]:
        async with Kernel() as kernel:
            return (await kernel.interfaces(["lo"]))["lo"].main_defaults

    assert asyncio.run(story()) == {MainDefault("192.0.2.9", 20700, 16)}


@pytest.mark.usefixtures("routed")
def test_thousands_of_foreign_routes_cost_less_than_reading_them_once() -> None:
    async def story() -> tuple[float, float]:
        async with Kernel() as kernel, AsyncIPRoute() as netlink:
            began = time.process_time()
            await kernel.interfaces(["lo"])
            await kernel.routes(range(TABLE, EMPTY + 1))
            ours = time.process_time() - began
            whole = [message async for message in await netlink.route("dump", family=socket.AF_INET)]
            assert len(whole) > FOREIGN
            return ours, time.process_time() - began - ours

    ours, whole = asyncio.run(story())
    assert ours < whole / 2  # a tenth; both on the same machine in the same moment


def message(kind: int, sequence: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, sequence, 0) + body


DONE, ROUTE = 3, 24
DEFAULT = struct.pack("=8BI", socket.AF_INET, 0, 0, 0, 200, 4, 0, 1, 0)


def told(*answers: bytes) -> list[Route]:
    """What is read of a kernel that answers the first question with these."""

    async def story() -> list[Route]:
        reader, (near, kernel) = RouteReader(), socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with kernel:
            reader.close()
            reader._socket = near
            near.setblocking(False)
            for answer in answers:
                kernel.send(answer)
            try:
                return [found.route for found in await reader.read(socket.AF_INET, 200)]
            finally:
                reader.close()

    return asyncio.run(story())


def test_the_answer_to_a_question_before_is_passed_over() -> None:
    before = message(ROUTE, 0, DEFAULT) + message(DONE, 0, bytes(4))
    assert told(before, message(ROUTE, 1, DEFAULT) + message(DONE, 1, bytes(4))) == [Route(200, "0.0.0.0/0", 0)]


def test_an_answer_that_is_refused_at_its_end_is_no_answer() -> None:
    with pytest.raises(PermissionError):
        told(message(ROUTE, 1, DEFAULT), message(DONE, 1, struct.pack("=i", -errno.EPERM)))


@given(st.binary(max_size=200))
def test_garbage_is_no_message_for_ever(garbage: bytes) -> None:
    assert len(list(messages(garbage))) <= len(garbage) // 16


@given(st.binary(max_size=100))
def test_attributes_cut_short_end_the_route(garbage: bytes) -> None:
    header = struct.pack("=8BI", 2, 0, 0, 0, 200, 4, 0, 1, 0)
    try:
        assert parse(memoryview(header + garbage)).route.family == socket.AF_INET
    except (ValueError, struct.error):
        return  # a value of the wrong length: the kernel makes none
