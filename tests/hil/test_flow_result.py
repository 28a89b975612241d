from __future__ import annotations

import pytest

from hil.rig.virtual.flow.packet import MIN_SIZE, Packet, decode, encode
from hil.rig.virtual.flow.result import Arrival, Sent, flow_result, longest_gap, new_flows

MS = 1_000_000


def every_20_ms(count: int) -> list[Sent]:
    return [Sent(seq, seq * 20 * MS) for seq in range(count)]


def arrived(sent: list[Sent], without: range = range(0), source: str = "1.2.3.4:5") -> list[Arrival]:
    return [Arrival(packet.seq, packet.sent_ns + 3 * MS, source) for packet in sent if packet.seq not in without]


def test_a_whole_flow_has_no_loss_and_no_gap_beyond_its_interval() -> None:
    sent = every_20_ms(100)
    result = flow_result(sent, arrived(sent), arrived(sent))
    assert (result.sent, result.arrived, result.lost, result.duplicates, result.echoes) == (100, 100, 0, 0, 100)
    assert result.outage_s == pytest.approx(0.020)


def test_missing_numbers_and_the_silence_around_them() -> None:
    sent = every_20_ms(100)
    result = flow_result(sent, arrived(sent, without=range(40, 64)), arrived(sent, without=range(40, 70)))
    assert result.missing == tuple(range(40, 64))
    assert result.outage_s == pytest.approx(25 * 0.020)
    assert result.two_way_outage_s == pytest.approx(31 * 0.020)
    assert result.gap.over


def test_a_flow_that_never_comes_back_is_out_until_the_end() -> None:
    sent = every_20_ms(100)
    result = flow_result(sent, arrived(sent, without=range(50, 100)), [])
    assert result.outage_s == pytest.approx((99 - 49) * 0.020 - 0.003)
    assert not result.gap.over
    assert result.two_way_outage_s == pytest.approx(99 * 0.020)


def test_a_duplicate_is_counted_once_as_arrived() -> None:
    sent = every_20_ms(10)
    twice = [*arrived(sent), Arrival(4, 500 * MS, "1.2.3.4:5")]
    result = flow_result(sent, twice, [])
    assert (result.arrived, result.duplicates, result.lost) == (10, 1, 0)


def test_source_addresses_in_the_order_they_were_seen() -> None:
    sent = every_20_ms(10)
    moved = [*arrived(sent[:6], source="fibre:1"), *arrived(sent[6:], source="lte:1")]
    assert [(seen.source, seen.packets) for seen in flow_result(sent, moved, []).sources] == [
        ("fibre:1", 6),
        ("lte:1", 4),
    ]


def test_packets_nobody_sent_do_not_count() -> None:
    sent = every_20_ms(5)
    assert flow_result(sent, [*arrived(sent), Arrival(99, 90 * MS, "x:1")], []).arrived == 5


def test_nothing_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        flow_result([], [], [])


def test_a_gap_begins_at_the_last_packet_before_the_fault() -> None:
    gap = longest_gap([0, 20, 40, 900, 920], since_ns=60, until_ns=940)
    assert (gap.began_ns, gap.ended_ns, gap.over) == (40, 900, True)


def test_a_silence_before_the_fault_does_not_count() -> None:
    gap = longest_gap([0, 5000, 5020, 5040, 5100], since_ns=5030, until_ns=5120)
    assert gap.ended_ns - gap.began_ns == 60


def test_new_flows_fail_from_the_first_unanswered_try_to_the_next_answered_one() -> None:
    tried = [Sent(seq, seq * 50 * MS) for seq in range(20)]
    answers = [Arrival(seq, seq * 50 * MS + 2 * MS) for seq in range(20) if seq not in range(5, 12)]
    fared = new_flows(tried, answers, since_ns=0, until_ns=19 * 50 * MS)
    assert fared.outage_s == pytest.approx(7 * 0.050)
    assert (fared.tried, fared.answered) == (20, 13)


def test_new_flows_that_never_failed_and_that_never_came_back() -> None:
    tried = [Sent(seq, seq * 50 * MS) for seq in range(4)]
    whole = [Arrival(seq, seq * 50 * MS) for seq in range(4)]
    assert new_flows(tried, whole, 0, 150 * MS).outage_s == 0.0
    assert new_flows(tried, whole[:2], 0, 150 * MS).outage_s is None


def test_a_packet_says_the_same_after_the_journey() -> None:
    packet = Packet(flow=77, seq=4_000_000_000, sent_ns=2**60)
    data = encode(packet, 172)
    assert len(data) == 172
    assert decode(data) == packet


@pytest.mark.parametrize("data", [b"", b"RPF1", b"x" * MIN_SIZE, b"x" * 500])
def test_a_health_probe_is_no_packet_of_a_flow(data: bytes) -> None:
    assert decode(data) is None
