"""What phones, gateways and networks really send: every coding, header, address and time stamp, right or wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import gsm0338 as oracle_gsm
import gsmcodecs
import pytest
from gsmmodem import pdu as oracle_pdu
from hypothesis import example, given
from hypothesis import strategies as st

from edge.modem.pdu import coding, national, tpdu
from edge.modem.pdu.body import text_of
from edge.modem.pdu.coding import Alphabet
from edge.modem.pdu.fields import Octets, read_address, read_time
from edge.modem.pdu.header import Concatenation
from edge.modem.pdu.tpdu import Deliver, Kind, PduError, StatusReport
from tests.edge.modem.incoming import PERSON, STAMP, concatenation, deliver, deliver_septets

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HELLO = "Évacuez".encode("utf-16-be")
PORTS = bytes.fromhex("05040B8423F0")  # WAP push, as a picture message announces itself


def read(text: str) -> Deliver:
    found = tpdu.decode(text, NOW)
    assert isinstance(found, Deliver)
    return found


# -- coding schemes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "alphabet", "waiting"),
    [
        ((0x00, 0x10, 0x11, 0x0C, 0x40, 0x50, 0x80, 0x8F, 0xBF, 0xF0, 0xF3), Alphabet.GSM7, False),
        ((0x04, 0x14, 0x15, 0x44, 0xF4, 0xF5, 0xF7), Alphabet.DATA, False),
        ((0x08, 0x18, 0x19, 0x48), Alphabet.UCS2, False),
        ((0xC0, 0xC8, 0xCB, 0xD0, 0xD8), Alphabet.GSM7, True),
        ((0xE0, 0xE8), Alphabet.UCS2, True),
    ],
)
def test_every_group_of_coding_schemes(values: tuple[int, ...], alphabet: Alphabet, waiting: bool) -> None:
    for value in values:
        read = coding.read(value)
        assert (read.alphabet, read.waiting, read.compressed) == (alphabet, waiting, False), hex(value)


def test_a_flash_message_is_a_message() -> None:
    assert (read(deliver(HELLO, dcs=0x18)).text, read(deliver(HELLO, dcs=0x18)).kind) == ("Évacuez", Kind.TEXT)
    assert read(deliver_septets(b"Evacuez", dcs=0xF0)).text == "Evacuez"


def test_compressed_text_is_refused_whatever_its_alphabet() -> None:
    for value in (0x20, 0x28, 0x3F, 0x60, 0x68):
        with pytest.raises(PduError, match="compressed"):
            tpdu.decode(deliver(HELLO, dcs=value), NOW)


@pytest.mark.parametrize(
    "text",
    [
        deliver_septets(b"Vous avez 1 message", dcs=0xC8),
        deliver_septets(b"", dcs=0xC0),
        deliver("Répondeur".encode("utf-16-be"), dcs=0xE8),
        deliver(HELLO, elements=[bytes.fromhex("01028003")]),
        deliver(HELLO, elements=[bytes.fromhex("2306") + bytes(6)]),
        deliver(HELLO, pid=0x5F),
    ],
)
def test_voice_mail_waiting_is_not_a_persons_message(text: str) -> None:
    assert read(text).kind is Kind.WAITING


def test_what_is_for_a_program_is_told_from_what_is_for_people() -> None:
    assert read(deliver(b"\x01\x06\x03\xbe\xaf", elements=[PORTS], dcs=0x04)).kind is Kind.DATA
    assert read(deliver(b"readable", elements=[PORTS], dcs=0x04)).kind is Kind.DATA
    assert read(deliver(b"\x01\x06\x03\xbe\xaf", dcs=0xF5)).kind is Kind.DATA
    assert read(deliver(b"", dcs=0x04)).kind is Kind.DATA
    assert read(deliver(HELLO, pid=0x7F)).kind is Kind.DATA
    assert read(deliver(HELLO, pid=0x40)).kind is Kind.SILENT
    # A gateway's plain text, and a text that names a port besides, are for people: nothing of theirs is lost.
    plain = read(deliver(b"OUI, j'arrive\r\n", dcs=0x04))
    assert (plain.kind, plain.text) == (Kind.TEXT, "OUI, j'arrive\r\n")
    assert read(deliver(HELLO, elements=[PORTS])).kind is Kind.TEXT
    assert read(deliver(HELLO, pid=0x41)).kind is Kind.TEXT  # replaces an earlier one; we keep both


# -- headers ---------------------------------------------------------------------------------------------------------


def test_a_part_is_found_among_other_elements() -> None:
    for elements in ([PORTS, concatenation(7, 3, 2)], [concatenation(7, 3, 2), bytes.fromhex("0A03000510")]):
        assert read(deliver(HELLO, elements=elements)).concatenation == Concatenation(7, 3, 2)
        assert read(deliver(HELLO, elements=elements)).text == "Évacuez"
        assert read(deliver_septets(b"Evacuez", elements=elements)).text == "Evacuez"


def test_references_of_eight_and_of_sixteen_bits_are_two_things() -> None:
    assert read(deliver(HELLO, elements=[concatenation(7, 3, 2, wide=True)])).concatenation == Concatenation(
        7, 3, 2, wide=True
    )


@given(st.integers(0, 0xFFFF), st.integers(1, 255), st.data(), st.booleans())
def test_headers_are_read_as_they_are_written(reference: int, total: int, data: st.DataObject, wide: bool) -> None:
    part = Concatenation(reference, total, data.draw(st.integers(1, total)), wide or reference > 0xFF)
    sent = tpdu.submit("+33612345678", "Bonjour", tpdu.Encoding.UCS2, validity=timedelta(hours=1), concatenation=part)
    octets = bytes.fromhex(sent.hex)
    body = octets[octets.index(bytes([8, 11])) + 2 :]  # behind TP-DCS and TP-VP
    assert read(deliver(body[1:], first=0x44)).concatenation == part


@pytest.mark.parametrize(
    "element", ["00030703", "0003070004", "00030700", "000307030000", "00040703020100", "0803070302"]
)
def test_a_part_that_cannot_be_is_void_and_the_text_is_kept(element: str) -> None:
    octets = bytes.fromhex(element)
    found = read(deliver(HELLO, elements=[octets]))
    assert (found.concatenation, found.text) == (None, "Évacuez")


def test_where_an_element_comes_twice_the_last_one_counts() -> None:
    elements = [concatenation(1, 2, 1), concatenation(9, 5, 4)]
    assert read(deliver(HELLO, elements=elements)).concatenation == Concatenation(9, 5, 4)
    mixed = [concatenation(1, 2, 1), concatenation(9, 5, 4, wide=True)]
    assert read(deliver(HELLO, elements=mixed)).concatenation == Concatenation(9, 5, 4, wide=True)


def test_escapes_that_mean_nothing_take_a_place() -> None:
    assert read(deliver_septets(b"a\x1b\x1bb\x1bc\x1b")).text == "a bc "


def test_a_header_longer_than_the_message_is_refused() -> None:
    with pytest.raises(PduError, match="a header of 201 octets"):
        tpdu.decode(deliver(b"\xc8" + HELLO, first=0x44), NOW)


# -- national languages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locking", range(14))
def test_no_national_letter_is_ever_shown_as_another(locking: int) -> None:
    tables = gsmcodecs.charmaps.GSMCHARMAPS
    main = tables[locking if "locking" in tables[locking] else 0]["locking"]["decode"]
    known = {national.DEFAULT, national.TURKISH, national.SPANISH, national.PORTUGUESE}
    for single in range(14):
        extension = {**main, **tables[single]["singleShift"]["decode"]}
        elements = [bytes([0x25, 1, locking]), bytes([0x24, 1, single])]
        for septet in set(range(128)) - {0x1B}:
            plain = read(deliver_septets(bytes([septet]), elements=elements)).text
            shifted = read(deliver_septets(bytes([0x1B, septet]), elements=elements)).text
            if plain != national.REPLACEMENT or locking in known:
                assert plain == chr(main[septet])
            if shifted != national.REPLACEMENT or {locking, single} <= known:
                assert shifted == chr(extension[septet])


def test_spanish_is_read_as_gsm0338_does() -> None:
    codec = oracle_gsm.Codec(single_shift_decode_map=oracle_gsm.SINGLE_SHIFT_CHARACTER_SET_SPANISH)
    text = "¡Atención! Inundación aquí: ÁÍÓÚáíóúç €[]"
    septets, _ = codec.encode(text)
    assert read(deliver_septets(septets, elements=[bytes([0x24, 1, national.SPANISH])])).text == text


def test_what_indias_languages_share_with_ours_stays_readable() -> None:
    elements = [bytes([0x25, 1, 6]), bytes([0x24, 1, 6])]
    assert read(deliver_septets(b"ok 18:30!\x01", elements=elements)).text == "ok 18:30!�"


# -- parts that were cut in the wrong place --------------------------------------------------------------------------


@given(st.text(st.sampled_from("ab€[]é@ "), min_size=2, max_size=60), st.data())
def test_an_escape_cut_in_two_by_the_sender_is_whole_again(text: str, data: st.DataObject) -> None:
    septets, _ = oracle_gsm.Codec().encode(text)
    place = data.draw(st.integers(0, len(septets)))
    pieces = [septets[:place], septets[place:]]
    parts = [
        read(deliver_septets(piece, elements=[concatenation(1, 2, number)]))
        for number, piece in enumerate(pieces, start=1)
    ]
    assert text_of(part.body for part in parts) == text


@given(st.text(st.sampled_from("aç🚨🌊"), min_size=2, max_size=30), st.data())
def test_a_surrogate_pair_cut_in_two_by_the_sender_is_whole_again(text: str, data: st.DataObject) -> None:
    octets = text.encode("utf-16-be")
    place = 2 * data.draw(st.integers(0, len(octets) // 2))
    pieces = [octets[:place], octets[place:]]
    parts = [
        read(deliver(piece, elements=[concatenation(1, 2, number)])) for number, piece in enumerate(pieces, start=1)
    ]
    assert text_of(part.body for part in parts) == text


def test_parts_in_different_alphabets_are_one_text() -> None:
    one, two = read(deliver_septets(b"Bonjour \x1b")), read(deliver("à bientôt".encode("utf-16-be")))
    assert text_of([one.body, two.body]) == "Bonjour  à bientôt"


def test_half_a_letter_does_not_spoil_the_part_behind_it() -> None:
    one, two = read(deliver(HELLO + b"\0", length=15)), read(deliver(HELLO))
    assert text_of([one.body, two.body]) == "Évacuez�Évacuez"


def test_a_byte_order_mark_is_no_letter() -> None:
    assert read(deliver(b"\xfe\xff" + HELLO)).text == "Évacuez"


# -- lengths that lie ------------------------------------------------------------------------------------------------


def test_lengths_that_lie() -> None:
    assert (read(deliver(HELLO, length=14)).cut, read(deliver(HELLO, length=140)).cut) == (False, True)
    assert read(deliver(HELLO, length=140)).text == "Évacuez"
    assert read(deliver(HELLO, length=4)).text == "Év"
    septets = read(deliver_septets(b"Evacuez", length=160))
    assert (septets.text.startswith("Evacuez"), septets.cut) == (True, True)
    empty = read(deliver(b"", length=0))
    assert (empty.text, empty.cut, empty.kind) == ("", False, Kind.TEXT)
    assert read(deliver(b"", dcs=0)).text == ""
    assert read(deliver(b"", elements=[concatenation(1, 2, 1)], length=0)).text == ""


def test_a_pdu_cut_anywhere_is_refused_or_shown_as_cut() -> None:
    whole = deliver(HELLO, elements=[concatenation(1, 2, 1)])
    for end in range(len(whole)):
        try:
            found = tpdu.decode(whole[:end], NOW)
        except PduError:
            continue
        assert isinstance(found, Deliver)
        assert found.cut
        assert "Évacuez".startswith(found.text.removesuffix(national.REPLACEMENT))


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "number"),
    [
        ("0B913316325476F8", "+33612345678"),
        ("0AA16021436587", "0612345678"),  # national
        ("0A816021436587", "0612345678"),
        ("0C913316325476F8", "+33612345678"),  # the filler counted as a digit
        ("04811A2B", "*1#2"),
        ("0381DCFE", "abc"),
        ("0080", ""),
        ("0891336103", None),
    ],
)
def test_numbers(octets: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match="ends after"):
            read_address(Octets(bytes.fromhex(octets)))
    else:
        assert read_address(Octets(bytes.fromhex(octets))) == number


@given(st.text(st.sampled_from("ABCdefgéÀ018 .-&"), min_size=1, max_size=11), st.booleans())
@example("Mairie7", True)
@example("MAIRIE LYON", False)
def test_senders_with_a_name_of_any_length(name: str, whole_octets: bool) -> None:
    name = name.replace("À", "à")
    packed = bytes(oracle_pdu.packSeptets(bytearray(oracle_gsm.Codec().encode(name)[0])))
    half_octets = len(packed) * 2 if whole_octets else -(-len(name) * 7 // 4)
    sender = bytes([half_octets, 0xD0]) + packed
    found = read(deliver(HELLO, sender=sender))
    assert (found.number, found.text) == (name, "Évacuez")
    if not whole_octets:
        assert oracle_pdu.decodeSmsPdu(deliver(HELLO, sender=sender))["number"] == name


@pytest.mark.parametrize(
    "smsc", ["00", "07913366003000F0", "0791336600300000", "0981337010203040F5", "01A1", "05D0C2303B"]
)
def test_the_centres_address_may_have_any_form(smsc: str) -> None:
    smsc = smsc if len(smsc) == 2 * (int(smsc[:2], 16) + 1) else f"{len(smsc) // 2 - 1:02X}{smsc[2:]}"
    text = deliver(HELLO, smsc=bytes.fromhex(smsc))
    assert read(text).text == "Évacuez"


# -- time stamps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("62112221436580", datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC) - timedelta(hours=2)),
        ("6211222143658A", datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC) + timedelta(hours=7)),
        ("62112221436508", datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)),
        ("6211222143650B", datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC) + timedelta(hours=7, minutes=30)),
        ("00000000000000", None),
        ("FFFFFFFFFFFFFF", None),
        ("62312221436580", None),  # the 13th month
        ("6211A221436580", None),
        ("621122214365AF", None),
        ("00101000000000", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_time_stamps(stamp: str, moment: datetime | None) -> None:
    assert read_time(bytes.fromhex(stamp)) == moment


def test_a_message_whose_time_cannot_be_read_is_a_message_all_the_same() -> None:
    assert read(deliver(HELLO, stamp=bytes(7))).sent_at == NOW
    report = tpdu.decode("0006070B913316325476F8" + "00" * 7 + "FF" * 7 + "00", NOW)
    assert report == StatusReport(7, "+33612345678", NOW, 0)
    with pytest.raises(PduError, match="time stamp 00000000000000"):
        tpdu.decode(deliver(HELLO, stamp=bytes(7)))


# -- reports and other kinds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0x00, 0x01, 0x1F, 0x20, 0x25, 0x30, 0x40, 0x46, 0x49, 0x60, 0x65, 0x70, 0x80, 0xFF])
@pytest.mark.parametrize("more", ["", "07000002C834"])
def test_reports_with_every_kind_of_code(status: int, more: str) -> None:
    text = "0006FF" + PERSON.hex() + STAMP.hex() * 2 + f"{status:02X}" + more
    assert tpdu.decode(text) == StatusReport(
        255, "+33612345678", datetime(2026, 11, 22, 10, 34, 56, tzinfo=UTC), status
    )


def test_a_stored_draft_is_none_that_came_in_and_the_reserved_type_is() -> None:
    with pytest.raises(PduError, match="stored to be sent"):
        tpdu.decode(tpdu.submit("+33612345678", "Bonjour", tpdu.Encoding.GSM7, validity=timedelta(hours=1)).hex)
    assert read(deliver(HELLO, first=0x07)).text == "Évacuez"
