"""What the network says in a dialogue, in every form modems give it; the forms are those of real logs and of TS 23.038."""

from __future__ import annotations

import gsm0338 as oracle_gsm
import pytest
from gsmmodem import pdu as oracle_pdu
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.modem.calls import ussd
from edge.modem.calls.ussd import Said, UssdAnswer
from edge.modem.radio import signal
from edge.modem.sim import card
from edge.shared import gsm7

GSM_LETTERS = gsm7.ALPHABET.replace("\x1b", "").replace("\r", "").replace("@", "") + "€[]{}"
SOLDE = "Votre crédit est de 5,20 € jusqu'au 12/01"


@pytest.mark.parametrize(
    ("line", "said", "text"),
    [
        ('+CUSD: 0,"Solde : 5,20 EUR",15', Said.DONE, "Solde : 5,20 EUR"),
        ('+CUSD:0,"Solde : 5,20 EUR"', Said.DONE, "Solde : 5,20 EUR"),
        ('+CUSD: 0,"Forfait "Libre", info au *111#.",15', Said.DONE, 'Forfait "Libre", info au *111#.'),
        ('+CUSD: 1,"1. Solde\n2. Recharge",15', Said.WANTS_MORE, "1. Solde\n2. Recharge"),
        (f'+CUSD: 0,"{SOLDE.encode("utf-16-be").hex().upper()}",72', Said.DONE, SOLDE),
        (f'+CUSD: 0,"{SOLDE.encode("utf-16-be").hex()}",15', Said.DONE, SOLDE),
        (f'+CUSD: 0,"{("fr" + SOLDE).encode("utf-16-be").hex()}",72', Said.DONE, "fr" + SOLDE),
        ('+CUSD: 0,"0612345678",15', Said.DONE, "0612345678"),
        ('+CUSD: 0,"FACADE",15', Said.DONE, "FACADE"),
        ('+CUSD: 0,"Cr\x05dit \x7f venir",15', Said.DONE, "Crédit à venir"),
        ('+CUSD: 0,"CrÃ©dit",15', Said.DONE, "Crédit"),
        ('+CUSD: 0,"536F6C6465",68', Said.DONE, "Solde"),
        ("+CUSD: 2", Said.ENDED, ""),
        ("+CUSD: 3", Said.OTHER_CLIENT, ""),
        ("+CUSD: 4", Said.NOT_SUPPORTED, ""),
        ('+CUSD: 5,"*b@\x013",15', Said.TIMED_OUT, ""),
    ],
)
def test_an_answer_is_read_in_the_form_it_came_in(line: str, said: Said, text: str) -> None:
    assert ussd.answer(line) == UssdAnswer(said, text)


@pytest.mark.parametrize("line", ["+CUSD: 9", "+CUSD: (0-2)", "+CUSD:", "+CMTI: 0", "OK", ""])
def test_another_line_is_no_answer(line: str) -> None:
    assert ussd.answer(line) is None


@given(st.text(st.sampled_from(GSM_LETTERS), min_size=12, max_size=120))
def test_packed_septets_are_read_as_others_pack_them(text: str) -> None:
    septets = oracle_gsm.Codec().encode(text)[0]
    packed = bytes(oracle_pdu.packSeptets(bytearray(septets))).hex().upper()
    assume(not packed.isdigit())
    # Hex that reads as UTF-16 of our scripts is taken for that: one in millions, and never a sentence.
    assume(not ussd._looks_written(bytes.fromhex(packed[: len(packed) // 4 * 4]).decode("utf-16-be", "replace")))
    assert ussd.answer(f'+CUSD: 0,"{packed}",15') == UssdAnswer(Said.DONE, text.strip())


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80))
def test_every_letter_comes_through_in_ucs2(text: str) -> None:
    assert ussd.answer(f'+CUSD: 1,"{text.encode("utf-16-be").hex()}",72') == UssdAnswer(Said.WANTS_MORE, text.strip())


@given(st.text(max_size=60))
def test_garbage_is_read_or_left_and_never_raises(text: str) -> None:
    ussd.answer(text)
    ussd.answer(f'+CUSD: 0,"{text}",15')
    ussd.answer(f'+CUSD: 0,"{text.encode("utf-8").hex()}",17')


def test_a_code_is_asked_for_in_the_three_ways_modems_take() -> None:
    assert list(ussd.requests("*100#")) == [
        ("UCS2", 'AT+CUSD=1,"002A0031003000300023",15'),
        ("GSM", 'AT+CUSD=1,"*100#",15'),
        ("GSM", 'AT+CUSD=1,"AA180C3602",15'),
    ]


@pytest.mark.parametrize("code", ["*100#", "#123#", "*#06#", "2", "*141*1#"])
def test_a_code_is_of_keys_of_a_phone(code: str) -> None:
    assert ussd.CODE.match(code)


@pytest.mark.parametrize("code", ["", '*100#"', "*100#\rAT", "solde", "*1 0#", "9" * 183])
def test_what_a_phone_cannot_key_is_no_code(code: str) -> None:
    assert not ussd.CODE.match(code)


@pytest.mark.parametrize(
    ("said", "operator", "plmn"),
    [
        ('0,0,"Free Mobile",7', "Free Mobile", None),
        ('0,0,"0046007200650065",7', "Free", None),
        ('0,2,"00320030003800310035",7', None, "20815"),
        ('0,2,"00101",7', None, "00101"),
    ],
)
def test_an_operator_is_named_whatever_the_character_set(said: str, operator: str | None, plmn: str | None) -> None:
    read = signal.cops([f"+COPS: {said}"])
    assert (read.operator, read.plmn) == (operator, plmn)


def test_the_sms_centre_is_the_same_whatever_the_character_set() -> None:
    assert card.service_centre(['+CSCA: "002B00330033003600300039",145']) == "+33609"
