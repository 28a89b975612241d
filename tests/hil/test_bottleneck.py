from __future__ import annotations

import pytest

from hil.rig.virtual.isp.delayer import Bottleneck, Direction

SIZE = 1_000


def bottleneck() -> Bottleneck:
    """10 packets of SIZE a second, 50 ms of cable, half a second of queue."""
    return Bottleneck(bytes_per_s=10 * SIZE, delay_s=0.05, queue_s=0.5)


def test_a_packet_alone_takes_its_sending_time_and_the_delay() -> None:
    assert bottleneck().admit(SIZE, now=7.0) == pytest.approx(7.15)


def test_packets_faster_than_the_rate_wait_for_each_other_until_the_queue_is_full() -> None:
    line = bottleneck()
    due = [line.admit(SIZE, now=7.0) for _ in range(8)]
    assert due == [*(pytest.approx(7.05 + number * 0.1) for number in range(1, 7)), None, None]


def test_a_full_queue_takes_packets_again_when_it_has_drained() -> None:
    line = bottleneck()
    while line.admit(SIZE, now=7.0) is not None:
        pass
    assert line.admit(SIZE, now=7.11) == pytest.approx(7.75)
    assert line.admit(SIZE, now=20.0) == pytest.approx(20.15)


def test_a_direction_gives_packets_back_in_order_and_not_before_they_are_due() -> None:
    way = Direction(bottleneck())
    assert way.wait_s(0.0) is None
    for packet in (b"a" * SIZE, b"b" * SIZE):
        way.take(packet, 0.0)
    assert way.wait_s(0.05) == pytest.approx(0.1)
    assert way.due(0.1) == []
    assert [packet[:1] for packet in way.due(0.26)] == [b"a", b"b"]
