"""What counts as an answer to a DNS, SIP or HTTP probe: ours and right, or nothing. No input raises."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.model import ProbeKind, ProbeTarget
from edge.uplinks.probes.answers import SHOWN_MAX, Heard, shown
from edge.uplinks.probes.dns import DnsQuestion
from edge.uplinks.probes.http import ANSWER_MAX, HttpAnswer, request
from edge.uplinks.probes.sip import SipQuestion

HERE = IPv4Address("192.0.2.31")
RIGHT, OTHER = "192.0.2.80", "203.0.113.66"


def dns_answer(query: bytes, *addresses: str, code: int = 0, alias: bool = False) -> bytes:
    """What a name server makes of a query."""
    records = b""
    if alias:
        target = b"\x03www\xc0\x0c"
        records += struct.pack("!HHHIH", 0xC00C, 5, 1, 60, len(target)) + target
    for address in addresses:
        records += struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + IPv4Address(address).packed
    header = query[:2] + struct.pack("!5H", 0x8180 | code, 1, len(addresses) + alias, 0, 0)
    return header + query[12:] + records


def question(*expect: str) -> DnsQuestion:
    return DnsQuestion("sonde.mairie.example", tuple(IPv4Address(address) for address in expect))


def test_the_expected_address_is_an_answer() -> None:
    asked = question(RIGHT)
    query = asked.ask(7)
    assert asked.understand(dns_answer(query, OTHER, RIGHT)) == Heard(7)
    assert asked.understand(dns_answer(query, RIGHT, alias=True)) == Heard(7)


@pytest.mark.parametrize("name", ["a.example", "x" * 63 + ".example"])
def test_the_query_asks_for_the_name_and_for_addresses(name: str) -> None:
    query = DnsQuestion(name, ()).ask(1)
    first, rest = name.split(".")
    assert query[12:] == bytes([len(first)]) + first.encode() + b"\7" + rest.encode() + b"\0\0\1\0\1"
    assert query[2:4] == b"\1\0"  # recursion desired, else a resolver says what it has by chance


def test_another_address_is_a_lie_and_said() -> None:
    asked = question(RIGHT)
    assert asked.understand(dns_answer(asked.ask(7), OTHER)) == Heard(7, OTHER)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "172.20.0.1", "127.0.0.1", "100.64.7.1", "169.254.1.1"])
def test_without_expectation_a_private_address_is_the_providers_own_box(address: str) -> None:
    asked = question()
    assert asked.understand(dns_answer(asked.ask(7), address)) == Heard(7, address)
    assert asked.understand(dns_answer(asked.ask(8), address, OTHER)) == Heard(8)


@pytest.mark.parametrize(("code", "said"), [(3, "NXDOMAIN"), (2, "SERVFAIL"), (5, "REFUSED"), (11, "code 11")])
def test_an_error_is_no_answer(code: int, said: str) -> None:
    asked = question()
    assert asked.understand(dns_answer(asked.ask(7), RIGHT, code=code)) == Heard(7, said)


def test_no_address_is_no_answer() -> None:
    asked = question()
    assert asked.understand(dns_answer(asked.ask(7))) == Heard(7, "no address")


def test_a_guessed_identifier_and_another_question_are_nothing() -> None:
    asked = question(RIGHT)
    right = dns_answer(asked.ask(7), RIGHT)
    assert asked.understand(bytes([right[0] ^ 1]) + right[1:]) is None
    assert asked.understand(right.replace(b"\5sonde", b"\5monde")) is None
    assert asked.understand(right.replace(b"\5sonde", b"\5sOnDe")) == Heard(7)


def test_our_own_query_sent_back_is_nothing() -> None:
    asked = question()
    query = asked.ask(7)
    assert asked.understand(query) is None
    assert asked.understand(query[:2] + b"\x81\x80" + query[4:]) == Heard(7, "no address")


@given(st.data())
def test_a_damaged_dns_answer_never_raises_and_never_counts_for_another_round(data: st.DataObject) -> None:
    asked = question(RIGHT)
    packet = bytearray(dns_answer(asked.ask(9), RIGHT, alias=True))
    for _ in range(data.draw(st.integers(1, 4))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    heard = asked.understand(bytes(packet[: data.draw(st.integers(0, len(packet)))]))
    assert heard is None or heard.number == 9


@given(st.binary(max_size=600))
def test_any_records_behind_the_right_question_are_harmless(records: bytes) -> None:
    asked = question(RIGHT)
    head = dns_answer(asked.ask(9))
    packet = head[:6] + b"\xff\xff" + head[8:] + records
    heard = asked.understand(packet)
    assert heard is not None
    assert heard.number == 9
    assert heard.wrong is not None or IPv4Address(RIGHT).packed in records


def sip_response(query: bytes, code: int = 200, *, compact: bool = False) -> bytes:
    """A response with the headers of RFC 3261, 8.2.6.2."""
    _, *lines = query.decode().split("\r\n")
    kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    if compact:
        kept = [
            line.replace("Via:", "v:").replace("Call-ID:", "i :").replace(";branch", "\r\n  ;branch") for line in kept
        ]
    return "\r\n".join([f"SIP/2.0 {code} Whatever", *kept, "Content-Length: 0", "", ""]).encode()


@pytest.mark.parametrize("code", [200, 301, 401, 404, 405, 486, 503, 603])
def test_any_final_response_is_a_sign_of_life(code: int) -> None:
    asked = SipQuestion("192.0.2.31", 5060)
    assert asked.understand(sip_response(asked.ask(3), code)) == Heard(3)


def test_compact_and_folded_headers_are_read() -> None:
    asked = SipQuestion("192.0.2.31", 5060)
    assert asked.understand(sip_response(asked.ask(3), compact=True)) == Heard(3)


def test_a_provisional_response_and_our_own_request_are_nothing() -> None:
    asked = SipQuestion("192.0.2.31", 5060)
    query = asked.ask(3)
    assert asked.understand(sip_response(query, 100)) is None
    assert asked.understand(query) is None


@pytest.mark.parametrize("header", ["branch=", "Call-ID: ", "CSeq: "])
def test_a_response_to_somebody_elses_request_is_nothing(header: str) -> None:
    asked = SipQuestion("192.0.2.31", 5060)
    response = sip_response(asked.ask(3)).decode()
    assert asked.understand(response.replace(header, header + "9").encode()) is None
    assert SipQuestion("192.0.2.31", 5060).understand(response.encode()) is None


@given(st.data())
def test_a_damaged_sip_response_never_raises_and_never_counts_for_another_round(data: st.DataObject) -> None:
    asked = SipQuestion("192.0.2.31", 5060)
    packet = bytearray(sip_response(asked.ask(12)))
    for _ in range(data.draw(st.integers(1, 4))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    heard = asked.understand(bytes(packet))
    assert heard is None or heard.number == 12


@given(st.binary(max_size=300))
def test_garbage_answers_no_question(garbage: bytes) -> None:
    for asked in (question(), SipQuestion("192.0.2.31", 5060)):
        asked.ask(1)
        assert asked.understand(garbage) is None
        assert asked.understand(b"SIP/2.0 200 OK\r\n" + garbage) is None


def page(**settings: object) -> HttpAnswer:
    return HttpAnswer(ProbeTarget.model_validate({"kind": "http", "host": str(HERE), **settings}))


def fed(answer: HttpAnswer, *parts: bytes) -> str | None:
    """What was wrong, once it is over."""
    over = [answer.feed(part) for part in (*parts, b"")]
    assert over[-1]
    return answer.wrong


def test_no_content_is_an_answer_by_default() -> None:
    assert fed(page(), b"HTTP/1.1 204 No Content\r\n\r\n") is None
    assert page().feed(b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n")  # at once: nothing more is waited for


@pytest.mark.parametrize(
    "line", [b"HTTP/1.1 200 OK", b"HTTP/1.1 302 Found", b"HTTP/1.0 511 Network Authentication Required"]
)
def test_a_captive_portal_is_no_answer(line: bytes) -> None:
    said = fed(page(), line + b"\r\nLocation: http://192.168.1.1/portal\r\n\r\n<html>")
    assert said == line.decode()


def test_the_text_must_be_in_the_page() -> None:
    head = b"HTTP/1.1 200 OK\r\nX: repli-ok\r\n\r\n"
    assert fed(page(expect_text="repli-ok"), head, b"well: repl", b"i-ok.") is None
    assert fed(page(expect_text="repli-ok"), head, b"Welcome to our hotel") == "HTTP/1.1 200 OK Welcome to our hotel"
    assert fed(page(expect_text="repli-ok"), b"HTTP/1.1 204 No Content\r\n\r\n") == "HTTP/1.1 204 No Content"


def test_an_endless_answer_ends() -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        answer = page(expect_text="never there")
        fed_bytes = len(start)
        over = bool(start) and answer.feed(start)
        while not over and fed_bytes < 10 * ANSWER_MAX:
            over = answer.feed(b"x" * 1000)
            fed_bytes += 1000
        assert fed_bytes <= ANSWER_MAX + 1000
        assert answer.wrong is not None


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_answer_ends_in_a_verdict(parts: list[bytes]) -> None:
    answer = page(expect_text="repli-ok")
    over = False
    for part in (*parts, b""):
        over = over or answer.feed(part)
    assert over
    assert answer.wrong is not None or b"repli-ok" in b"".join(parts)


def test_the_request_names_host_and_path_and_forbids_caches() -> None:
    target = ProbeTarget(kind=ProbeKind.HTTP, host=HERE, path="/up", host_name="www.example", expect_text="x")
    text = request(target).decode()
    assert text.startswith("GET /up HTTP/1.1\r\nHost: www.example\r\n")
    assert "Cache-Control: no-cache\r\n" in text
    assert text.endswith("\r\n\r\n")


@given(st.binary(max_size=2000))
def test_a_strangers_text_is_shown_as_a_short_line(text: bytes) -> None:
    line = shown(text)
    assert len(line) <= SHOWN_MAX
    assert line.isprintable()
