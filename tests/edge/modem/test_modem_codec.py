"""The codec against others' (gsm0338, smsutil, python-gsmmodem-new), against the virtual network's own, and against garbage."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import gsm0338 as oracle_gsm
import pytest
import smsutil
from gsmmodem import pdu as oracle_pdu
from hypothesis import assume, example, given
from hypothesis import strategies as st

from edge.modem.numbers import dialled
from edge.modem.pdu import fields, gsm0338, parts
from edge.modem.pdu import tpdu as pdu
from edge.modem.pdu.body import Body, Writing, text_of
from edge.modem.pdu.coding import Alphabet
from edge.modem.pdu.header import Concatenation
from edge.shared import gsm7
from edge.shared.clusters import may_be_cut
from edge.shared.sms_length import PART_WIDE, Encoding, cut, measure
from hil.rig.virtual.modem import tpdu

GSM_LETTERS = gsm7.ALPHABET.replace("\x1b", "") + "".join(gsm7.EXTENSION.values())
gsm_text = st.text(st.sampled_from(GSM_LETTERS), min_size=1, max_size=500)
any_text = st.text(
    st.one_of(
        st.sampled_from(GSM_LETTERS + "çâêëîïôœûÿÀÂÈÊÎÔÙ«»’‘“”–—…°🚨🌊"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    min_size=1,
    max_size=700,
)
numbers = st.from_regex(r"\A\+?[1-9][0-9]{2,18}\Z")
SIX_HOURS = timedelta(hours=6)
ZONES = st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
moments = st.builds(
    lambda moment, zone: moment.replace(microsecond=0, tzinfo=zone),
    st.datetimes(datetime(2001, 1, 2), datetime(2068, 12, 30)),
    ZONES,
)


def test_french_letters_have_the_place_the_standard_gives_them() -> None:
    assert all(len(gsm0338.encode(letter)) == 1 for letter in "àäæéèöùüìòñÄÆÇÉÖÜ")
    assert all(len(gsm0338.encode(letter)) == 2 for letter in "€[]{}\\^~|")
    assert not any(gsm7.fits(letter) for letter in "âçêëîïôœûÿÀÂÈÊÎÔÙ«»’‘“”–—…°`\x1b")


@given(gsm_text)
def test_septets_are_those_of_gsm0338(text: str) -> None:
    codec = oracle_gsm.Codec()
    assert gsm0338.encode(text) == codec.encode(text)[0]
    assert gsm0338.decode(gsm0338.encode(text)) == text


@given(st.lists(st.integers(0, 127), max_size=170), st.integers(0, 6))
def test_packing_is_undone_by_unpacking_and_is_the_oracles(septets: list[int], fill_bits: int) -> None:
    packed = gsm0338.pack(bytes(septets), fill_bits)
    assert gsm0338.unpack(packed, len(septets), fill_bits) == bytes(septets)
    if fill_bits == 0:
        assert packed == bytes(oracle_pdu.packSeptets(bytearray(septets)))


@given(any_text)
def test_parts_make_the_text_and_are_as_many_as_smsutil_finds(text: str) -> None:
    split = parts.split(text)
    assert "".join(split.parts) == text
    theirs = smsutil.split(text)
    if "\x1b" not in text:  # smsutil lets the bare escape pass as a letter
        assert (split.encoding is Encoding.GSM7) == (theirs.encoding == "gsm0338")
        assert len(split.parts) == len(theirs.parts)
        places = list(itertools.accumulate(len(part.content) for part in theirs.parts))[:-1]
        if split.encoding is Encoding.GSM7 or all(may_be_cut(text, place) for place in places):
            assert list(split.parts) == [part.content for part in theirs.parts]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("€" * 80, [80]),
        ("a" * 152 + "€" + "a" * 10, [152, 11]),  # the pair does not fit: it goes whole to the next part
        ("ç" * 70, [70]),
        ("ç" * 71, [67, 4]),
        ("ç" + "🚨" * 35, [34, 2]),  # 1 + 33 pairs are 67 units
    ],
)
def test_where_a_text_is_cut(text: str, expected: list[int]) -> None:
    assert [len(part) for part in parts.split(text).parts] == expected


FAMILY, FLAG, ACCENTED, WAVE = "👨‍👩‍👧‍👦", "🇫🇷", "e\u0301", "👋🏽"


@pytest.mark.parametrize("cluster", [FAMILY, FLAG, ACCENTED, WAVE, "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_what_a_reader_takes_for_one_character_is_cut_only_where_whole_it_would_cost_a_part(cluster: str) -> None:
    for before in range(50, 70):
        text = "ç" * before + cluster + "ç" * 30
        first, second = parts.split(text).parts
        assert cluster in first or cluster in second
        assert measure(text).segments == 2
    full = "ç" * 65 + cluster + "ç" * (134 - 65 - len(cluster.encode("utf-16-be")) // 2)
    assert len(parts.split(full).parts) == 2  # to keep it whole would cost a third one
    assert len(parts.split("e" + "\u0301" * 200).parts) == 3  # no letter at all


@given(st.lists(st.sampled_from([FAMILY, FLAG, ACCENTED, WAVE, "a", "ç", " "]), min_size=1, max_size=120))
@example([*"ç" * 60, FAMILY, *"ç" * 60, *"ç" * 10])
def test_clusters_cost_no_part(letters: list[str]) -> None:
    text = "".join(letters)
    split = parts.split(text)
    assert "".join(split.parts) == text
    assert len(split.parts) == len(smsutil.split(text).parts) == measure(text).segments
    if split.encoding is Encoding.UCS2 and len(split.parts) > 1:
        assert all(len(part.encode("utf-16-be")) <= 134 for part in split.parts)


@given(any_text)
@example("ç" * 150)
def test_parts_behind_a_reference_of_sixteen_bits_fit(text: str) -> None:
    assert [len(piece) for piece in cut("a" * 305, PART_WIDE)[1]] == [152, 152, 1]
    encoding, pieces = cut(text, PART_WIDE)
    assert "".join(pieces) == text
    for place, piece in enumerate(pieces[:255], start=1):
        part = Concatenation(0x1234, min(255, len(pieces)), place) if len(pieces) > 1 else None
        encoded = pdu.submit("+33612345678", piece, encoding, validity=SIX_HOURS, concatenation=part)
        read = tpdu.read_submit(encoded.hex, encoded.length)
        assert (read.text, read.reference) == (piece, 0x1234 if part else None)


@pytest.mark.parametrize(
    ("text", "code", "place"), [("ab\0", "U+0000", 3), ("\ud800x", "U+D800", 1), ("é\udcff", "U+DCFF", 2)]
)
def test_what_no_sms_can_carry_is_refused_by_its_place(text: str, code: str, place: int) -> None:
    with pytest.raises(parts.UnsendableCharacter) as refused:
        parts.split(text)
    assert (refused.value.code, refused.value.place) == (code, place)


@given(any_text, numbers, st.integers(0, 255))
@example("€" * 153, "+33612345678", 7)
@example("🚨" * 100, "0612345678", 0)
@example("0000000@", "0612345678", 0)
def test_the_network_reads_back_what_was_submitted(text: str, number: str, reference: int) -> None:
    split = parts.split(text)
    total = len(split.parts)
    for place, part in enumerate(split.parts, start=1):
        concatenation = Concatenation(reference, total, place) if total > 1 else None
        encoded = pdu.submit(number, part, split.encoding, validity=SIX_HOURS, concatenation=concatenation)
        assert len(encoded.hex) // 2 - 1 == encoded.length  # the address of the SMS centre is one octet: the SIM's own
        read = tpdu.read_submit(encoded.hex, encoded.length)
        assert (read.text, read.destination, read.encoding) == (part, number, split.encoding.value)
        assert (read.part, read.total, read.reference) == (place, total, reference if total > 1 else None)
        assert (read.wants_report, read.validity_minutes) == (True, 360)


@given(
    st.text(st.sampled_from(GSM_LETTERS.replace("§", "").replace("\f", "")), min_size=1, max_size=400),
    st.integers(0, 255),
)
def test_gsmmodem_reads_back_what_was_submitted(text: str, reference: int) -> None:
    split = parts.split(text)
    # Its unpackSeptets drops a last "@" that fills the octets (value 0): the virtual network above reads those.
    assume(not any(part.endswith("@") for part in split.parts))
    total = len(split.parts)
    for place, part in enumerate(split.parts, start=1):
        concatenation = Concatenation(reference, total, place) if total > 1 else None
        encoded = pdu.submit("+33612345678", part, split.encoding, validity=SIX_HOURS, concatenation=concatenation)
        read = oracle_pdu.decodeSmsPdu(encoded.hex)
        assert (read["text"], read["number"], read["tpdu_length"]) == (part, "+33612345678", encoded.length)
        assert read["validity"] == SIX_HOURS


ORACLE_GSM = GSM_LETTERS.replace("§", "").replace("\f", "")  # gsmmodem lacks these two


@given(
    st.one_of(st.text(st.sampled_from(ORACLE_GSM)), st.text(st.sampled_from("abçœ’«€ÂÊ"))),
    st.from_regex(r"\A\+?[1-9][0-9]{3,17}\Z"),
    st.integers(5, 63 * 7 * 24 * 60),
)
def test_a_submit_is_octet_for_octet_that_of_gsmmodem(text: str, number: str, minutes: int) -> None:
    split = parts.split(text[:70])
    validity = oracle_pdu._decodeRelativeValidityPeriod(fields.relative_validity(timedelta(minutes=minutes)))
    (theirs,) = oracle_pdu.encodeSmsSubmitPdu(number, text[:70], reference=0, validity=validity)
    ours = pdu.submit(number, split.parts[0], split.encoding, validity=validity)
    octets = bytearray(theirs.data)
    octets[4] &= 0xDF if not number.startswith("+") else 0xFF  # it calls national what ours leaves to the network
    assert (ours.hex, ours.length) == (octets.hex().upper(), theirs.tpduLength)


@given(gsm_text, st.integers(0, 255))
def test_long_texts_are_cut_and_written_as_gsmmodem_does(text: str, reference: int) -> None:
    text = "".join(letter for letter in text if letter in ORACLE_GSM)
    assume(len(text) > 0 and not any(letter in gsm7.EXTENSION.values() for letter in text))
    split = parts.split(text)
    theirs = oracle_pdu.encodeSmsSubmitPdu("+33612345678", text, reference=reference, validity=SIX_HOURS)
    assert len(theirs) == len(split.parts)
    for place, (part, their) in enumerate(zip(split.parts, theirs, strict=True), start=1):
        concatenation = Concatenation(reference, len(theirs), place) if len(theirs) > 1 else None
        ours = pdu.submit("+33612345678", part, split.encoding, validity=SIX_HOURS, concatenation=concatenation)
        assert bytes.fromhex(ours.hex)[3:] == their.data[3:]  # before it, a TP-MR of its own


@given(st.text(st.sampled_from(ORACLE_GSM + "çœ’«ÂÊ"), min_size=1, max_size=60), numbers, moments)
def test_what_comes_in_is_read_as_gsmmodem_reads_it(text: str, number: str, sent_at: datetime) -> None:
    assume(not text.endswith("@"))  # it drops one that fills the octets
    _length, hexadecimal = tpdu.deliver(number, text, sent_at)
    theirs, ours = oracle_pdu.decodeSmsPdu(hexadecimal), pdu.decode(hexadecimal)
    assert isinstance(ours, pdu.Deliver)
    assert (ours.text, ours.number, ours.sent_at) == (theirs["text"], theirs["number"], theirs["time"])


@given(any_text)
def test_both_ways_the_octets_of_a_text_are_those_of_smsutil(text: str) -> None:
    assume("\x1b" not in text)
    split = parts.split(text)
    if split.encoding is Encoding.GSM7:
        assert gsm0338.encode(text) == smsutil.encode(text)
        assert gsm0338.decode(smsutil.encode(text)) == text
    else:
        read = text_of([Body(Writing(Alphabet.UCS2), smsutil.encode(text))])
        assert (
            read
            == text.removeprefix("\ufeff")
            == smsutil.decode(smsutil.encode(text), "utf_16_be").removeprefix("\ufeff")
        )


@given(st.binary(max_size=170), st.sampled_from(Alphabet), st.integers(0, 255), st.integers(0, 255))
def test_any_octets_read_as_some_text(octets: bytes, alphabet: Alphabet, locking: int, single: int) -> None:
    text = text_of([Body(Writing(alphabet, locking, single), octets)])
    assert text.encode() is not None  # no half of a pair is in it: a ledger could not hold that
    assert len(text) <= len(octets) + 1


@given(st.floats(0.01, 24 * 400))
def test_validity_as_the_oracle_reads_it_is_never_short_of_what_was_asked(hours: float) -> None:
    value = fields.relative_validity(timedelta(hours=hours))
    assert oracle_pdu._decodeRelativeValidityPeriod(value) >= timedelta(hours=hours)
    if value > 0:
        assert oracle_pdu._decodeRelativeValidityPeriod(value - 1) < timedelta(hours=hours)


def test_each_of_the_256_validities_is_what_the_standard_says_and_comes_back() -> None:
    read = [oracle_pdu._decodeRelativeValidityPeriod(value) for value in range(256)]
    assert [read[value] for value in (0, 11, 143, 144, 167, 168, 196, 197, 255)] == [
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(hours=12),
        timedelta(hours=12, minutes=30),
        timedelta(hours=24),
        timedelta(days=2),
        timedelta(days=30),
        timedelta(weeks=5),
        timedelta(weeks=63),
    ]
    assert [fields.relative_validity(validity) for validity in read] == list(range(256))
    assert fields.relative_validity(timedelta(weeks=80)) == 255
    assert fields.relative_validity(timedelta()) == 0


@given(any_text, numbers, moments)
def test_what_comes_in_is_read_as_the_network_wrote_it(text: str, number: str, sent_at: datetime) -> None:
    pieces = tpdu.parts_of(text)
    read_back = ""
    for place, piece in enumerate(pieces, start=1):
        part = (9, len(pieces), place) if len(pieces) > 1 else None
        _length, hexadecimal = tpdu.deliver(number, piece, sent_at, part)
        read = pdu.decode(hexadecimal)
        assert isinstance(read, pdu.Deliver)
        assert (read.number, read.sent_at) == (number, sent_at.astimezone(UTC))
        assert read.concatenation == (Concatenation(9, len(pieces), place) if part else None)
        read_back += read.text
    assert read_back == text


@given(st.integers(0, 255), numbers, moments, st.integers(0, 255))
def test_reports_are_read_as_the_network_and_the_oracle_write_them(
    reference: int, number: str, sent_at: datetime, status: int
) -> None:
    _length, hexadecimal = tpdu.status_report(reference, number, sent_at, sent_at, status)
    assert pdu.decode(hexadecimal) == pdu.StatusReport(reference, number, sent_at.astimezone(UTC), status)
    oracle = oracle_pdu.decodeSmsPdu(hexadecimal)
    assert (oracle["reference"], oracle["status"], oracle["time"]) == (reference, status, sent_at)


def test_a_sender_with_a_name_and_sixteen_bit_references_are_read() -> None:
    name = gsm0338.pack(gsm0338.encode("Mairie"))
    header = "060804010203 02".replace(" ", "")
    text = "Évacuez".encode("utf-16-be").hex()
    body = f"0044{len(name) * 2:02X}D0{name.hex()}0008{'62112221436580'[:14]}{(len(header) + len(text)) // 2:02X}{header}{text}"
    read = pdu.decode(body)
    assert isinstance(read, pdu.Deliver)
    assert (read.number, read.text) == ("Mairie", "Évacuez")
    assert read.concatenation == Concatenation(0x0102, 3, 2, wide=True)


@given(st.one_of(st.text(max_size=80), st.binary(max_size=180).map(bytes.hex)))
def test_garbage_is_refused_or_read_and_never_crashes(text: str) -> None:
    try:
        pdu.decode(text)
    except pdu.PduError:
        return


@given(moments, st.binary(max_size=4), st.integers(0, 60))
def test_a_damaged_pdu_is_refused_or_read_and_never_crashes(moment: datetime, noise: bytes, place: int) -> None:
    _length, hexadecimal = tpdu.deliver("+33612345678", "Reçu à l’instant", moment, (1, 2, 1))
    octets = bytearray.fromhex(hexadecimal)
    octets[place : place + len(noise)] = noise
    try:
        pdu.decode(octets.hex())
    except pdu.PduError:
        return


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("06 12 34 56 78", "0612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("0033 0612345678", "+33612345678"),
        ("\u202a+33\u00a06\u201112\u201134\u201156\u201178\u202c", "+33612345678"),
        ("(0)6.12.34.56.78", "0612345678"),
        ("+3900612345", "+3900612345"),  # Italy keeps its zeros
        ("07000 123456789", "07000123456789"),
        ("17", None),
        ("Mairie", None),
        ("", None),
        ("+", None),
        ("٠٦١٢٣٤٥٦٧٨", None),
        ("0" * 3 + "1" * 18, None),
    ],
)
def test_numbers_as_people_write_them(written: str, sent: str | None) -> None:
    assert dialled(written) == sent
