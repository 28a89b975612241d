"""The DHCP client without a network: what it says, when, and what it makes of answers."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.dhcp import (
    SECOND,
    Action,
    Answered,
    Ask,
    Event,
    GiveUp,
    Lease,
    NotReady,
    Phase,
    Ready,
    State,
    Take,
    Tick,
    step,
)
from edge.uplinks.dhcp_packets import (
    EVERYBODY,
    Kind,
    Question,
    Reply,
    Terms,
    message,
    packet,
    parse_message,
    parse_packet,
)

ADDRESS, OTHER = IPv4Interface("192.0.2.50/24"), IPv4Interface("192.0.2.70/24")
SERVER, STRANGER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
TERMS = Terms(ADDRESS, SERVER, (), 1000, 500, 875)
MAC = bytes.fromhex("020000000005")


class Client:
    """The state machine with a clock of its own."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.now = 1000 * SECOND
        self.fresh = 0

    def __call__(self, event: Event, after_s: float = 0) -> list[Action]:
        self.now += round(after_s * SECOND)
        self.fresh += 1
        self.state, actions = step(self.state, event, self.now, self.fresh)
        return actions

    def hears(self, kind: Kind, terms: Terms | None = TERMS, server: IPv4Address = SERVER) -> list[Action]:
        return self(Answered(Reply(kind, self.state.xid, server, terms)))

    def wait(self) -> list[Action]:
        """Let time pass until something is due."""
        assert self.state.due_ns is not None
        self.now = max(self.now, self.state.due_ns)
        return self(Tick())

    def bind(self, terms: Terms = TERMS) -> Lease:
        self(Ready())
        self.hears(Kind.OFFER, terms)
        (take,) = self.hears(Kind.ACK, terms)
        assert isinstance(take, Take)
        return take.lease


def asked(actions: list[Action]) -> Question:
    (ask,) = [action for action in actions if isinstance(action, Ask)]
    return ask.question


def test_an_address_from_nothing() -> None:
    client = Client()
    discover = asked(client(Ready()))
    assert (discover.kind, discover.to, discover.wanted) == (Kind.DISCOVER, EVERYBODY, None)
    request = asked(client.hears(Kind.OFFER))
    assert (request.kind, request.wanted, request.server) == (Kind.REQUEST, ADDRESS.ip, SERVER)
    began = client.now
    client.now += SECOND
    (take,) = client.hears(Kind.ACK)
    assert isinstance(take, Take)
    assert take.lease.address == ADDRESS
    assert take.lease.expires_ns == began + 1000 * SECOND, "a lease counts from the question"
    assert client.state.phase is Phase.BOUND


def test_nobody_there_it_asks_ever_more_slowly_for_ever() -> None:
    client = Client()
    client(Ready())
    waits = []
    for _ in range(12):
        before = client.now
        assert asked(client.wait()).kind is Kind.DISCOVER
        waits.append((client.now - before) / SECOND)
    assert 0.5 < waits[0] < 1.5
    assert all(20 < wait < 45 for wait in waits[-4:])


def test_renewing_asks_the_server_rebinding_asks_anybody() -> None:
    client = Client()
    lease = client.bind()
    renew = asked(client.wait())
    assert client.now == lease.renew_ns
    assert (renew.kind, renew.from_address, renew.to) == (Kind.REQUEST, ADDRESS.ip, SERVER)
    assert (renew.wanted, renew.server) == (None, None)  # RFC 2131, table 5
    while client.state.phase is Phase.RENEWING:
        rebind = asked(client.wait())
    assert client.now == lease.rebind_ns
    assert (rebind.from_address, rebind.to) == (ADDRESS.ip, EVERYBODY)
    (take,) = client.hears(Kind.ACK, server=STRANGER)
    assert isinstance(take, Take)
    assert take.lease.server == STRANGER


def test_at_expiry_the_address_is_given_up_and_looked_for_at_once() -> None:
    client = Client()
    lease = client.bind()
    actions: list[Action] = []
    while GiveUp() not in actions:
        actions = client.wait()
    assert client.now == lease.expires_ns
    assert asked(actions).kind is Kind.DISCOVER
    assert asked(actions).wanted == ADDRESS.ip
    assert client.state.lease is None


def test_without_carrier_the_lease_stays_to_its_end() -> None:
    client = Client()
    lease = client.bind()
    assert client(NotReady(), 10) == []
    assert client.state.lease == lease
    assert client.wait() == [GiveUp()]
    assert client.now == lease.expires_ns


def test_carrier_back_asks_for_the_same_address_then_for_any_beside_it() -> None:
    client = Client()
    client.bind()
    client(NotReady())
    question = asked(client(Ready()))
    assert (question.kind, question.wanted, question.server) == (Kind.REQUEST, ADDRESS.ip, None)
    while client.state.phase is Phase.REBOOTING:
        question = asked(client.wait())
    assert question.kind is Kind.DISCOVER
    assert client.state.lease is not None, "nobody has said that it is not ours"
    client.hears(Kind.OFFER, replace(TERMS, address=OTHER))
    (take,) = client.hears(Kind.ACK, replace(TERMS, address=OTHER))
    assert isinstance(take, Take)
    assert take.lease.address == OTHER


def test_another_life_goes_on_with_the_lease() -> None:
    lease = Client().bind()
    client = Client(State(lease=lease, had=ADDRESS.ip))
    assert asked(client(Ready())).wanted == ADDRESS.ip
    assert [type(action) for action in client.hears(Kind.ACK)] == [Take]


def test_a_refused_address_serves_until_its_successor_is_there() -> None:
    client = Client()
    client.bind()
    client.wait()
    question = asked(client.hears(Kind.NAK, None))
    assert (question.kind, question.wanted) == (Kind.DISCOVER, None)
    assert client.state.lease is not None
    client.hears(Kind.OFFER, replace(TERMS, address=OTHER))
    (take,) = client.hears(Kind.ACK, replace(TERMS, address=OTHER))
    assert isinstance(take, Take)
    alone = Client()
    alone.bind()
    alone.wait()
    alone.hears(Kind.NAK, None)
    refused_at, actions = alone.now, list[Action]()
    while GiveUp() not in actions:
        actions = alone.wait()
    assert alone.now - refused_at == 2 * SECOND


def test_an_offer_refused_at_once_does_not_go_round_and_round() -> None:
    client = Client()
    client(Ready())
    client.hears(Kind.OFFER)
    assert client.hears(Kind.NAK, None) == []
    before = client.now
    client.wait()
    assert client.now - before >= SECOND


@pytest.mark.parametrize("kind", [Kind.ACK, Kind.NAK])
def test_a_stranger_does_not_answer_for_the_server(kind: Kind) -> None:
    client = Client()
    client(Ready())
    client.hears(Kind.OFFER)
    assert client.hears(kind, TERMS, STRANGER) == []
    client.hears(Kind.ACK)
    client.wait()
    assert client.state.phase is Phase.RENEWING
    assert client.hears(kind, TERMS, STRANGER) == []
    assert client.state.phase is Phase.RENEWING


def test_a_lease_for_ever_is_never_renewed() -> None:
    client = Client()
    lease = client.bind(replace(TERMS, lease_s=None))
    assert lease.expires_ns is None
    assert client.state.due_ns is None


events = st.one_of(
    st.just(Ready()),
    st.just(NotReady()),
    st.just(Tick()),
    st.builds(
        lambda kind, xid, server: Answered(Reply(kind, xid, server, None if kind is Kind.NAK else TERMS)),
        st.sampled_from([Kind.OFFER, Kind.ACK, Kind.NAK]),
        st.integers(0, 30),
        st.sampled_from([SERVER, STRANGER]),
    ),
)


@given(st.lists(st.tuples(events, st.floats(0, 400)), max_size=30))
def test_whatever_happens_it_asks_again_and_never_outlives_a_lease(story: list[tuple[Event, float]]) -> None:
    client = Client()
    for event, after_s in story:
        actions = client(event, after_s)
        lease = client.state.lease
        assert lease is None or lease.expires_ns is None or lease.expires_ns > client.now
        assert client.state.phase is Phase.OFF or client.state.due_ns is not None
        assert sum(isinstance(action, Ask) for action in actions) <= 2


# -- bytes ---------------------------------------------------------------------------------------------------------------


def served(question: bytes, kind: int, options: bytes, address: str = "192.0.2.50") -> bytes:
    """A server's message, made from the client's by RFC 2131's figure 1."""
    head = b"\x02" + question[1:16] + IPv4Address(address).packed + question[20:236] + b"\x63\x82\x53\x63"
    return head + bytes([53, 1, kind]) + options + b"\xff"


QUESTION = message(Question(Kind.DISCOVER, 0x12345678, 3), MAC)
LEASE = bytes([54, 4, 192, 0, 2, 1, 51, 4, 0, 0, 3, 232])
WHOLE = LEASE + bytes([1, 4, 255, 255, 255, 0, 3, 4, 192, 0, 2, 1, 6, 8, 192, 0, 2, 53, 192, 0, 2, 54])


def terms_of(options: bytes, address: str = "192.0.2.50") -> Terms | None:
    reply = parse_message(served(QUESTION, 2, options, address), MAC)
    return reply.terms if reply else None


def test_an_offer_is_read() -> None:
    reply = parse_message(served(QUESTION, 2, WHOLE), MAC)
    dns = (IPv4Address("192.0.2.53"), IPv4Address("192.0.2.54"))
    assert reply == Reply(Kind.OFFER, 0x12345678, SERVER, Terms(ADDRESS, SERVER, dns, 1000, 500, 875))


def test_the_packet_of_a_question_is_ipv4_and_udp() -> None:
    data = packet(Question(Kind.DISCOVER, 7, 0), MAC)
    assert data[9] == 17
    assert data[12:20] == bytes(4) + b"\xff" * 4
    assert int.from_bytes(data[2:4]) == len(data)
    assert sum(int.from_bytes(data[place : place + 2]) for place in range(0, 20, 2)) % 0xFFFF == 0
    assert data[20:24] == bytes([0, 68, 0, 67])


def test_a_packet_from_the_server_is_read_and_others_are_not() -> None:
    body = served(QUESTION, 2, WHOLE)
    udp = bytes([0, 67, 0, 68]) + (8 + len(body)).to_bytes(2) + b"\0\0"
    head = bytes([0x45, 0]) + (28 + len(body)).to_bytes(2) + bytes([0, 0, 0, 0, 64, 17, 0, 0]) + bytes(8)
    assert parse_packet(head + udp + body, MAC) is not None
    assert parse_packet(head + bytes([0, 68, 0, 67]) + udp[4:] + body, MAC) is None
    assert parse_packet(head[:6] + b"\x20\0" + head[8:] + udp + body, MAC) is None, "a fragment"
    assert parse_packet(head[:9] + b"\x06" + head[10:] + udp + body, MAC) is None
    assert parse_packet(head + udp + body, b"\2\2\2\2\2\2") is None


@pytest.mark.parametrize(
    ("options", "gateway"),
    [
        (bytes([121, 5, 0, 192, 0, 2, 9]), "192.0.2.9"),
        (bytes([121, 12, 8, 10, 192, 0, 2, 7, 0, 192, 0, 2, 9]), "192.0.2.9"),
        (bytes([121, 6, 8, 10, 192, 0, 2, 7]), None),  # RFC 3442: the router does not count beside it
        (b"", "192.0.2.1"),
    ],
)
def test_of_classless_routes_only_the_default_one_is_taken(options: bytes, gateway: str | None) -> None:
    terms = terms_of(WHOLE + options)
    assert terms is not None
    assert terms.gateway == (IPv4Address(gateway) if gateway else None)


def test_times_that_make_no_sense_are_the_usual_ones() -> None:
    for renew, rebind in [(0, 10), (900, 800), (10, 1000), (2000, 3000)]:
        terms = terms_of(WHOLE + bytes([58, 4]) + renew.to_bytes(4) + bytes([59, 4]) + rebind.to_bytes(4))
        assert terms is not None
        assert (terms.renew_s, terms.rebind_s) == (500, 875)
    terms = terms_of(WHOLE + bytes([58, 4, 0, 0, 0, 9, 59, 4, 0, 0, 0, 12]))
    assert terms is not None
    assert (terms.renew_s, terms.rebind_s) == (9, 12)


def test_options_in_the_other_fields_are_read() -> None:
    data = bytearray(served(QUESTION, 2, LEASE + bytes([52, 1, 1])))
    data[108:115] = bytes([1, 4, 255, 255, 0, 0, 255])
    reply = parse_message(bytes(data), MAC)
    assert reply is not None
    assert reply.terms is not None
    assert reply.terms.address == IPv4Interface("192.0.2.50/16")


@pytest.mark.parametrize(
    ("address", "mask"),
    [("192.0.2.255", 24), ("192.0.2.0", 24), ("127.0.0.1", 8), ("224.0.0.1", 24), ("0.0.0.0", 24), ("255.255.255.255", 32),
     ("169.254.3.4", 16), ("192.0.2.50", 7)],
)  # fmt: skip
def test_addresses_nobody_can_have_are_no_offer(address: str, mask: int) -> None:
    options = LEASE + bytes([1, 4]) + ((0xFFFFFFFF << (32 - mask)) & 0xFFFFFFFF).to_bytes(4)
    assert terms_of(options, address) is None


@given(st.binary(max_size=60))
def test_garbage_among_options_never_raises(garbage: bytes) -> None:
    terms_of(garbage)
    terms_of(WHOLE + garbage)
    parse_message(garbage, MAC)
    parse_packet(garbage, MAC)


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_damaged_offer_never_raises(place: int, value: int) -> None:
    data = bytearray(served(QUESTION, 2, WHOLE))
    data[place % len(data)] = value
    parse_message(bytes(data), MAC)
