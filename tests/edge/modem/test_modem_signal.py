"""Answers about signal, cell, registration and IMS, as SIM7600 and EC25 give them, read into one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.radio import ims, quality, signal
from edge.modem.radio.ims import Ims
from edge.modem.radio.signal import NOTHING, Reading
from edge.shared.messages.modem_radio import Quality, Registration, Technology, VoiceWay

G2, G3, G4, G5 = Technology.GSM, Technology.UMTS, Technology.LTE, Technology.NR


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "+CPSI: LTE,Online,208-01,0x5A1E,187214780,257,EUTRAN-BAND3,1850,5,5,-94,-850,-545,15",
            Reading(G4, None, None, "20801", "5A1E", 187214780, "B3", -85.0, -9.4, 15.0, -54.5),
        ),
        (  # whole dBm, as other firmwares say it
            "+CPSI: LTE,Online,208-15,0x2AFE,34564631,149,EUTRAN-BAND20,6400,3,3,-12,-81,-52,10",
            Reading(G4, None, None, "20815", "2AFE", 34564631, "B20", -81.0, -12.0, 10.0, -52.0),
        ),
        (  # indexes as in +CESQ, as the oldest firmwares say it
            "+CPSI: LTE,Online,208-20,0x774B,126375687,303,EUTRAN-BAND1,100,5,0,12,36,42,5",
            Reading(G4, None, None, "20820", "774B", 126375687, "B1", -105.0, -14.0, 5.0, None),
        ),
        (
            "+CPSI: WCDMA,Online,208-01,0xA809,11122855,WCDMA IMT 2000,279,10663,0,1.5,62,33,52,500",
            Reading(G3, None, None, "20801", "A809", 11122855, "WCDMA IMT 2000", -62.0),
        ),
        (
            "+CPSI: GSM,Online,208-01,0x182d,12401,27 EGSM 900,-64,2110,42-42",
            Reading(G2, None, None, "20801", "182D", 12401, "27 EGSM 900", rssi_dbm=-64.0),
        ),
        ("+CPSI: NO SERVICE,Online", Reading(Technology.NONE)),
        ("+CPSI: NO SERVICE, Online", Reading(Technology.NONE)),
        ("+CPSI: LTE,Online", Reading(G4)),
    ],
)
def test_simcoms_cell(line: str, expected: Reading) -> None:
    assert signal.cpsi([line]) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('+QCSQ: "LTE",-69,-102,150,-12', Reading(G4, rsrp_dbm=-102.0, rsrq_db=-12.0, sinr_db=10.0, rssi_dbm=-69.0)),
        ('+QCSQ: "LTE",-69,-102,0,-12', Reading(G4, rsrp_dbm=-102.0, rsrq_db=-12.0, sinr_db=-20.0, rssi_dbm=-69.0)),
        ('+QCSQ: "WCDMA",-61,-72,-6', Reading(G3, rsrp_dbm=-72.0, rssi_dbm=-61.0)),
        ('+QCSQ: "GSM",-73', Reading(G2, rssi_dbm=-73.0)),
        ('+QCSQ: "NOSERVICE"', Reading(Technology.NONE)),
    ],
)
def test_quectels_signal(line: str, expected: Reading) -> None:
    assert signal.qcsq([line]) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ['+QENG: "servingcell","NOCONN","LTE","FDD",208,01,1684B3E,204,3350,7,5,5,E8E5,-83,-14,-47,17,13'],
            Reading(G4, None, None, "20801", "E8E5", 0x1684B3E, "B7", -83.0, -14.0, None, -47.0),
        ),
        (  # dual connection with 5G: the cells stand on lines of their own
            [
                '+QENG: "servingcell","NOCONN"',
                '+QENG: "LTE","FDD",208,10,328261F,280,275,1,4,4,BE3,-99,-14,-66,7,4,30,-',
                '+QENG: "NR5G-NSA",208,10,920,-96,18,-10,648768,78,10,1',
            ],
            Reading(G4, None, None, "20810", "BE3", 0x328261F, "B1", -99.0, -14.0, None, -66.0),
        ),
        (
            ['+QENG: "servingcell","NOCONN","WCDMA",208,01,DEA6,2883C,4385,84,254,-98,-7,-,-,-,-,-'],
            Reading(G3, None, None, "20801", "DEA6", 0x2883C, None, -98.0),
        ),
        (
            [
                '+QENG: "servingcell","NOCONN","GSM",208,20,DC51,B919,26,50,-,-73,255,255,0,38,38,1,-,-,-,-,-,-,-,-,-,"-"'
            ],
            Reading(G2, None, None, "20820", "DC51", 0xB919, rssi_dbm=-73.0),
        ),
        (['+QENG: "servingcell","SEARCH"'], Reading(Technology.NONE)),
        (['+QENG: "servingcell","LIMSRV"'], Reading()),
    ],
)
def test_quectels_cell(lines: list[str], expected: Reading) -> None:
    assert signal.qeng(lines) == expected


def test_quectels_network() -> None:
    assert signal.qnwinfo(['+QNWINFO: "FDD LTE","20801","LTE BAND 3",1650']) == Reading(G4, plmn="20801", band="B3")
    assert signal.qnwinfo(['+QNWINFO: "EDGE","20801","GSM 900",1']) == Reading(G2, plmn="20801", band="GSM 900")
    assert signal.qnwinfo(["+QNWINFO: No Service"]) == Reading(Technology.NONE)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("+CESQ: 99,99,255,255,20,49", Reading(G4, rsrp_dbm=-92.0, rsrq_db=-10.0)),
        ("+CESQ: 99,99,60,30,255,255", Reading(G3, rsrp_dbm=-61.0)),
        ("+CESQ: 42,0,255,255,255,255", Reading(G2, rssi_dbm=-69.0)),
        ("+CESQ: 99,99,255,255,255,255", NOTHING),
    ],
)
def test_the_standards_signal(line: str, expected: Reading) -> None:
    assert signal.cesq([line]) == expected


def test_the_oldest_signal_of_all() -> None:
    assert signal.csq(["+CSQ: 21,99"]) == Reading(rssi_dbm=-71.0)
    assert signal.csq(["+CSQ: 99,99"]) == NOTHING
    assert signal.csq(["+CSQ: 147,99"]) == NOTHING, "TD-SCDMA counts from 100"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("+CREG: 0,1", Reading(registration=Registration.HOME)),
        ('+CEREG: 2,5,"12AB","0164C301",7', Reading(G4, Registration.ROAMING, area="12AB", cell=0x0164C301)),
        ('+CEREG: 5,"12AB","0164C301",7', Reading(G4, Registration.ROAMING, area="12AB", cell=0x0164C301)),
        ("+CREG: 3", Reading(registration=Registration.DENIED)),
        ("+CGREG: 0,2", Reading(registration=Registration.SEARCHING)),
        ("+CEREG: 0,6", Reading(registration=Registration.HOME)),
        ("+CREG: 0,8", Reading(registration=Registration.EMERGENCY)),
    ],
)
def test_registration(line: str, expected: Reading) -> None:
    assert signal.registration([line]) == expected


def test_the_part_of_the_network_that_has_us_counts() -> None:
    """A modem on LTE may be unknown to the circuits, which is no fault."""
    lte = signal.registration(['+CEREG: 2,1,"12AB","0164C301",7'])
    circuits = signal.registration(["+CREG: 0,3"])
    assert signal.best([circuits, lte]).registration is Registration.HOME
    assert signal.best([circuits, signal.registration(["+CEREG: 0,2"])]).registration is Registration.DENIED
    assert signal.best([]) == NOTHING


def test_the_operator() -> None:
    assert signal.cops(['+COPS: 0,0,"Orange F",7']) == Reading(G4, operator="Orange F")
    assert signal.cops(['+COPS: 0,0,"Orange, F",3']) == Reading(G2, operator="Orange, F")
    assert signal.cops(['+COPS: 0,2,"20801",7']) == Reading(G4, plmn="20801")
    assert signal.cops(["+COPS: 0"]) == NOTHING


@pytest.mark.parametrize(
    ("reading", "word"),
    [
        (Reading(G4, rsrp_dbm=-80.0), Quality.EXCELLENT),
        (Reading(G4, rsrp_dbm=-80.0, sinr_db=1.0), Quality.FAIR),
        (Reading(G4, rsrp_dbm=-100.0, sinr_db=20.0), Quality.FAIR),
        (Reading(G4, rsrp_dbm=-118.0), Quality.POOR),
        (Reading(G3, rsrp_dbm=-80.0), Quality.GOOD),
        (Reading(G2, rssi_dbm=-100.0), Quality.WEAK),
        (Reading(Technology.NONE), Quality.NONE),
        (NOTHING, Quality.UNKNOWN),
    ],
)
def test_a_word_for_the_level(reading: Reading, word: Quality) -> None:
    assert quality.of(reading) is word


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["+CIREG: 2,1,5"], Ims(registered=True, voice=True, switched_on=True)),
        (["+CIREG: 0,1"], Ims(registered=True, voice=True, switched_on=True)),
        (["+CIREG: 0,1,4"], Ims(registered=True, voice=False, switched_on=True)),
        (["+CIREG: 0,0"], Ims(registered=False, voice=False)),
        (['+QCFG: "ims",1,1'], Ims(registered=True, voice=True, switched_on=True)),
        (['+QCFG: "ims",0,0'], Ims(registered=False, voice=False, switched_on=True)),
        (['+QCFG: "ims",2,0'], Ims(registered=False, voice=False, switched_on=False)),
        (["+CEVOLTE: 1,1"], Ims(switched_on=True)),
        (["+CEVOLTE: 0"], Ims(registered=False, voice=False, switched_on=False)),
        (['+QCFG: "usbnet",1'], ims.UNKNOWN),
        ([], ims.UNKNOWN),
    ],
)
def test_ims(lines: list[str], expected: Ims) -> None:
    assert ims.read(lines) == expected


def test_ims_told_unasked() -> None:
    assert ims.announced("+CIREGU: 1,1") == Ims(registered=True, voice=True, switched_on=True)
    assert ims.announced("+CIREGU: 0") == Ims(registered=False, voice=False)
    assert ims.announced("+CREG: 1") is None


def test_the_way_of_a_call() -> None:
    registered, off, silent = Ims(registered=True, voice=True), Ims(registered=False, voice=False), ims.UNKNOWN
    assert ims.voice_way(registered, G4) is VoiceWay.VOLTE
    assert ims.voice_way(Ims(registered=True, voice=False), G4) is VoiceWay.NONE
    assert ims.voice_way(off, G4) is VoiceWay.NONE
    assert ims.voice_way(off, G3) is VoiceWay.LEGACY
    assert ims.voice_way(silent, G2) is VoiceWay.LEGACY
    assert ims.voice_way(silent, G4) is VoiceWay.UNKNOWN
    assert ims.voice_way(Ims(switched_on=False), None) is VoiceWay.NONE


PARSERS = (
    signal.csq,
    signal.cesq,
    signal.registration,
    signal.cops,
    signal.cpsi,
    signal.qcsq,
    signal.qeng,
    signal.qnwinfo,
)
STARTS = (
    "+CSQ:",
    "+CESQ:",
    "+CREG:",
    "+CEREG:",
    "+COPS:",
    "+CPSI:",
    "+QCSQ:",
    '+QENG: "servingcell",',
    "+QNWINFO:",
    "",
)


@given(st.sampled_from(STARTS), st.text(st.sampled_from('0123456789-,." LTEGSMWCDA\0"'), max_size=60))
def test_no_answer_however_damaged_ends_a_parser(start: str, rest: str) -> None:
    for parse in PARSERS:
        found = parse([start + rest])
        assert found.rsrp_dbm is None or -160 <= found.rsrp_dbm <= 0
        assert found.sinr_db is None or -20 <= found.sinr_db <= 30
    ims.read([start + rest])
