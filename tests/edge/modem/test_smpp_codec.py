"""PDUs, texts, receipts and status codes of SMPP, against an independent codec (smpp34, written in Rust)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import smpp34
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.modem.pdu import gsm0338
from edge.modem.pdu.header import Concatenation
from edge.modem.sending import outcomes
from edge.modem.sending.outcomes import Receipt, Refusal
from edge.modem.smpp import pdu, receipt, status, text
from edge.modem.smpp.pdu import Address, Command, Malformed, Message, Pdu, Stream, Tag
from edge.modem.smpp.text import Part
from edge.shared import gsm7
from edge.shared.sms_length import Encoding

octet = st.integers(0, 255)
ascii_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
addresses = st.builds(Address, octet, octet, ascii_text)
messages = st.builds(
    Message,
    source=addresses,
    destination=addresses,
    esm_class=octet,
    validity=st.sampled_from(["", "000000060000000R"]),
    registered_delivery=octet,
    data_coding=octet,
    short_message=st.binary(max_size=254),
    tlvs=st.dictionaries(st.integers(0x1400, 0x3FFF), st.binary(max_size=300), max_size=4),
    service_type=st.text("ABC", max_size=5),
    protocol_id=octet,
    priority=octet,
    schedule=st.just(""),
    replace=octet,
    default_message=octet,
)


def as_the_oracle_has_it(message: Message, sequence: int) -> smpp34.SubmitSm:
    return smpp34.SubmitSm(
        message.source.digits,
        message.destination.digits,
        message.short_message,
        service_type=message.service_type,
        source_addr_ton=message.source.ton,
        source_addr_npi=message.source.npi,
        dest_addr_ton=message.destination.ton,
        dest_addr_npi=message.destination.npi,
        esm_class=message.esm_class,
        protocol_id=message.protocol_id,
        priority_flag=message.priority,
        schedule_delivery_time=message.schedule,
        validity_period=message.validity,
        registered_delivery=message.registered_delivery,
        replace_if_present_flag=message.replace,
        data_coding=message.data_coding,
        sm_default_msg_id=message.default_message,
        tlvs=[smpp34.Tlv(tag, value) for tag, value in message.tlvs.items()],
        sequence_number=sequence,
    )


@given(messages, st.integers(1, pdu.SEQUENCE_MAX))
def test_a_submit_is_octet_for_octet_what_another_codec_writes(message: Message, sequence: int) -> None:
    ours = Pdu(Command.SUBMIT_SM, sequence, message.encode()).encode()
    assert ours == as_the_oracle_has_it(message, sequence).encode()


@given(messages)
def test_what_another_codec_wrote_is_read_back(message: Message) -> None:
    (read,) = Stream().feed(as_the_oracle_has_it(message, 7).encode())
    assert (read.command, read.sequence, read.status) == (Command.SUBMIT_SM, 7, 0)
    assert pdu.decode_message(read.body) == message


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(1, 9))
def test_pdus_come_whole_whatever_the_pieces(bodies: list[bytes], piece: int) -> None:
    sent = [Pdu(Command.DELIVER_SM, number, body, number % 3) for number, body in enumerate(bodies, start=1)]
    octets = b"".join(each.encode() for each in sent)
    stream = Stream()
    assert [got for at in range(0, len(octets), piece) for got in stream.feed(octets[at : at + piece])] == sent


@given(st.binary(max_size=80))
def test_octets_of_anything_are_pdus_or_malformed(octets: bytes) -> None:
    try:
        for found in Stream().feed(octets):
            pdu.decode_message(found.body)
    except Malformed:
        pass


@pytest.mark.parametrize("length", [0, 3, 15, pdu.PDU_MAX + 1, 0xFFFF_FFFF])
def test_a_length_that_cannot_be_is_said(length: int) -> None:
    with pytest.raises(Malformed, match=str(length)):
        list(Stream().feed(length.to_bytes(4, "big") + bytes(12)))


def part(
    words: str, encoding: Encoding, concatenation: Concatenation | None = None, number: str = "+33612345678"
) -> Part:
    return Part(number, words, encoding, concatenation, timedelta(hours=6), attempt=65_537)


@given(st.text(st.sampled_from(gsm7.ALPHABET.replace("\x1b", "") + "€[]{}\\^~|"), max_size=76))
def test_gsm7_goes_unpacked_behind_the_same_header_as_on_a_modem(words: str) -> None:
    body = text.submit(part(words, Encoding.GSM7, Concatenation(200, 3, 2)), "Mairie", "33")
    assert (body.esm_class, body.data_coding) == (0x40, 0)
    assert body.short_message[:6] == bytes([5, 0, 3, 200, 3, 2])
    assert gsm0338.decode(body.short_message[6:]) == words
    assert len(body.encode()) > 0


def test_ucs2_and_a_single_part() -> None:
    body = text.submit(part("Ça brûle 🚨", Encoding.UCS2), "", "33")
    assert (body.esm_class, body.data_coding, body.registered_delivery) == (0, 8, 1)
    assert body.short_message.decode("utf-16-be") == "Ça brûle 🚨"
    assert body.tlvs == {Tag.USER_MESSAGE_REFERENCE: b"\x00\x01"}
    assert body.validity == "000000060000000R"


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("+33612345678", Address(1, 1, "33612345678")),
        ("0612345678", Address(1, 1, "33612345678")),
        ("07001234567890", Address(1, 1, "337001234567890")),
        ("38000", Address(0, 1, "38000")),
    ],
)
def test_numbers_are_made_international(number: str, address: Address) -> None:
    assert text.recipient(number, "33") == address


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("MAIRIE", (5, 0, "MAIRIE")),
        ("+33612345678", (1, 1, "33612345678")),
        ("38000", (3, 0, "38000")),
        ("", (0, 0, "")),
    ],
)
def test_senders_are_names_or_numbers(sender: str, address: tuple[int, int, str]) -> None:
    assert text.sender_address(sender) == Address(*address)


@given(st.integers(1, 24 * 60 * 63))
def test_validity_is_relative_and_keeps_its_minutes(minutes: int) -> None:
    written = text.submit(Part("33", "x", Encoding.GSM7, None, timedelta(minutes=minutes), 1), "", "33").validity
    months, days, hours, left = (int(written[at : at + 2]) for at in (2, 4, 6, 8))
    assert ((months * 30 + days) * 24 + hours) * 60 + left == minutes
    assert written.startswith("00")
    assert written.endswith("00000R")


def deliver(short_message: bytes = b"", esm_class: int = 4, **tlvs: bytes) -> Message:
    return Message(
        source=Address(1, 1, "33612345678"),
        destination=Address(5, 0, "MAIRIE"),
        esm_class=esm_class,
        short_message=short_message,
        tlvs={Tag[name.upper()]: value for name, value in tlvs.items()},
    )


PHONES = ("33612345678", "MAIRIE")
TEXT = b"id:0A1F sub:001 dlvrd:001 submit date:2611281600 done date:2611281601 stat:DELIVRD err:000 text:Crue"


def test_a_receipt_as_text() -> None:
    assert receipt.read(deliver(TEXT)) == Receipt("a1f", PHONES, outcomes.DELIVERED, "000")


def test_the_tlvs_win_over_the_text() -> None:
    found = receipt.read(
        deliver(TEXT, receipted_message_id=b"77\0", message_state=b"\x05", user_message_reference=b"\x01\x02")
    )
    assert found == Receipt("77", PHONES, outcomes.FAILED, "000", attempt=258)


def test_a_receipt_in_the_payload() -> None:
    found = receipt.read(deliver(message_payload=TEXT))
    assert found is not None
    assert found.id == "a1f"


@pytest.mark.parametrize(("word", "number", "rejected"), [(b"REJECTD", b"\x08", True), (b"UNDELIV", b"\x05", False)])
def test_what_the_centre_itself_would_not_have_is_told_apart(word: bytes, number: bytes, rejected: bool) -> None:
    for message in (deliver(b"id:1 stat:" + word), deliver(receipted_message_id=b"1\0", message_state=number)):
        found = receipt.read(message)
        assert found is not None
        assert (found.status, found.rejected) == (outcomes.FAILED, rejected)


def test_a_message_from_a_phone_is_no_receipt() -> None:
    assert receipt.read(deliver(TEXT, esm_class=0)) is None


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        (b"DELIVRD", outcomes.DELIVERED),
        (b"EXPIRED", outcomes.EXPIRED),
        (b"UNDELIV", outcomes.FAILED),
        (b"REJECTD", outcomes.FAILED),
        (b"ENROUTE", outcomes.TRYING),
        (b"ACCEPTD", outcomes.TRYING),
        (b"UNKNOWN", outcomes.TRYING),
        (b"NONSENSE", outcomes.TRYING),
    ],
)
def test_what_the_states_mean(word: bytes, meaning: int) -> None:
    found = receipt.read(deliver(b"id:1 stat:" + word))
    assert found is not None
    assert found.status == meaning


@pytest.mark.parametrize(("answered", "receipted"), [("2A", "42"), ("42", "2a"), ("0042", "42"), ("2a", "000000002A")])
def test_an_id_is_known_in_the_other_notation(answered: str, receipted: str) -> None:
    known, told = receipt.plain(answered), receipt.plain(receipted)
    assert known is not None
    assert told is not None
    assert known in outcomes.forms(told)


@settings(max_examples=30)
@given(st.text(max_size=30))
def test_any_text_as_an_id_has_itself_as_a_form(given_id: str) -> None:
    assert outcomes.forms(given_id)[0] == given_id


def test_a_throttled_part_is_no_refusal() -> None:
    assert {status.judge(code) for code in (0x58, 0x14)} == {Refusal.SLOWER}
    assert status.judge(0x0B) is Refusal.LASTING
    assert status.judge(0x64) is Refusal.PASSING
    assert status.judge(0x04) is Refusal.PASSING
    assert status.judge(0x0400) is Refusal.PASSING  # the maker's own: credit as often as the number
    assert (status.name(0x0E), status.name(0x0400)) == ("ESME_RINVPASWD", "command_status 0x00000400")
