"""Which AT commands of a technician are let through, which only with a word more, and which never."""

from __future__ import annotations

import pytest

from edge.modem.service.at_guard import Verdict, judge, names


@pytest.mark.parametrize(
    "command",
    [
        "AT",
        "at",
        "ATI",
        "ATI3",
        "AT+CSQ",
        "at+csq",
        "AT+CPIN?",
        "AT+CFUN=?",
        "AT+COPS?",
        "AT+CSQ;+CREG?",
        "AT+CNUM;+CGMR",
        "AT+CPSI?",
    ],
)
def test_what_only_asks_is_done(command: str) -> None:
    assert judge(command) is Verdict.FINE


@pytest.mark.parametrize(
    "command",
    [
        *(
            "AT+CFUN=0",
            "AT+CFUN=1,1",
            'AT+CPIN="1234"',
            "at+cpin=1234",
            'AT+CLCK="SC",0,"1234"',
            "AT+CNMI=2,1",
            "AT+CMGF=1",
        ),
        *(
            'AT+CPMS="SM"',
            "AT+CMGD=1,4",
            "AT+CSQ;+CFUN=0",
            "AT + CFUN=4",
            "AT&D0",
            "AT+CMEE=2",
            "AT+COPS=2",
            'AT+CUSD=1,"*100#"',
        ),
        *("ATZ", "AT&F", "AT&F0", "ATE1", "ATH", "ATV0", "ATS3=13", "AT+CRESET", "AT+QPOWD", 'AT+CSCA="+33689004000"'),
        *('AT+CGDCONT=1,"IP","a;b";+CFUN=0', "ATE0+CFUN=0", "AT+CSQ;;+CMSS=1", "ATE0Q1"),
    ],
)
def test_what_takes_away_what_sending_stands_on_needs_its_own_word(command: str) -> None:
    assert judge(command) is Verdict.BREAKS


@pytest.mark.parametrize(
    "command",
    [
        "AT+CMGS=12",
        'at+cmgs="+33612345678"',
        "AT+CMGW=12",
        "AT+CMGC=1,2",
        "AT+CNMA=1,3",
        "ATD0612345678;",
        "ATDT18",
        "ATO",
        "ATA",
        "AT+CMUX=0",
        "AT+CSQ;+CMGS=12",
        "AT+CFUN=0;D18;",
        "CSQ",
        "",
        "+++",
        "ATE0D18",
        "ATE0+CMGS=12",
        'AT+CGDATA="PPP",1',
    ],
)
def test_what_waits_for_a_text_or_leaves_the_command_state_is_never_done(command: str) -> None:
    assert judge(command) is Verdict.NEVER


def test_a_semicolon_in_a_text_ends_no_command() -> None:
    assert judge('AT+CGDCONT=1,"IP","a;+CMGS=3"') is Verdict.FINE


def test_values_are_not_in_the_log() -> None:
    assert names('AT+CPIN="1234";+CSQ') == "AT+CPIN=...;+CSQ"
    assert "1234" not in names('AT+CPWD="SC","1234","5;678"')
    assert names("AT+COPS=?") == "AT+COPS=?"
