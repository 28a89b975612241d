"""Every known fault of the modems: where it is found, where it is not, and that people are told what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.cli.issues import WORDS
from edge.modem.checks import all_checks, found
from edge.modem.facts import Facts, GatewaySeen, Seen, Trouble
from edge.modem.radio.about import About
from edge.modem.radio.ims import Ims
from edge.modem.radio.signal import Reading
from edge.modem.sim.book import Swap
from edge.modem.sim.card import Identity
from edge.shared.messages.modem import GatewayState, ModemState
from edge.shared.messages.modem_bearer import Bearer, BearerCause, BearerState
from edge.shared.messages.modem_radio import Registration, Technology
from edge.shared.model import ModemDevice, ModemSection
from tests.edge.told import people_are_told, places

NOW = datetime(2026, 11, 28, 2, 14, tzinfo=UTC)
HERE = Reading(Technology.LTE, Registration.HOME, rsrp_dbm=-85.0)
ABOUT = About(registered=True, service_centre="+33609001390", reading=HERE, ims=Ims(registered=True, voice=True))
MODEM = Seen("m1", "/dev/modem", ModemState.READY, about=ABOUT)
WELL = Facts(now=NOW, settings=ModemSection(), modems=(MODEM,))


def away(kind: str, **data: str) -> Facts:
    """The only modem cannot be used."""
    return replace(WELL, modems=(replace(MODEM, state=ModemState.FAILED, trouble=Trouble(kind, data=data)),))


def about(**said: object) -> Facts:
    """The only modem says something else than when all is well."""
    return replace(WELL, modems=(replace(MODEM, about=replace(ABOUT, **said)),))


def gateway(kind: str, state: GatewayState = GatewayState.READY) -> Facts:
    """A gateway of which this is true."""
    trouble = Trouble(kind, "ESME_RINVPASWD")
    return replace(WELL, gateways=(GatewaySeen("g1", "smpp.example.net:2775", state, trouble),))


def bearer(**said: object) -> Facts:
    """The data bearer of the only modem is down, or as it is said."""
    how: dict[str, object] = {"state": BearerState.DOWN, "present": True, **said}
    shown = Bearer(modem="m1", interface="lte0", apn="internet", since="2026-11-28T02:00:00Z", **how)  # type: ignore[arg-type]
    return replace(WELL, modems=(replace(MODEM, bearer=shown),))


UNWELL = {
    "modem.gateway_unreachable": gateway("gateway_unreachable", GatewayState.UNREACHABLE),
    "modem.gateway_refused": gateway("gateway_refused", GatewayState.REFUSED),
    "modem.gateway_slowed": gateway("gateway_slowed", GatewayState.SLOWED),
    "modem.gateway_refuses": gateway("gateway_refuses"),
    "modem.device_missing": away("device_missing"),
    "modem.device_busy": away("device_busy", holder="gammu (pid 7)"),
    "modem.device_refused": away("device_refused", reason="/dev/modem: Permission denied"),
    "modem.no_storage": away("no_storage", reason="database or disk is full"),
    "modem.no_answer": away("no_answer"),
    "modem.sim_missing": away("sim_missing"),
    "modem.sim_locked": away("sim_locked"),
    "modem.recipients_nearly_used": replace(WELL, modems=(replace(MODEM, recipients=80, cap=100),)),
    "modem.recipients_used": replace(WELL, modems=(replace(MODEM, recipients=100, cap=100),)),
    "modem.recipients_unusual": replace(WELL, modems=(replace(MODEM, recipients=201),)),
    "modem.unreadable": replace(WELL, unreadable=2),
    "modem.gps_port": away("gps_port", heard="$GPGGA,092751.000,5321.6802,N"),
    "modem.nonsense": away("nonsense", heard="login:"),
    "modem.other_opener": replace(WELL, modems=(replace(MODEM, others=("minicom (pid 812)",)),)),
    "modem.port_grabber": replace(
        WELL,
        settings=ModemSection(devices=[ModemDevice(name="m1", device="/dev/modem")]),
        grabbers=("ModemManager (pid 700)",),
    ),
    "modem.self_test_failed": replace(WELL, modems=(replace(MODEM, self_test_failed="report"),)),
    "modem.sim_pin_wrong": away("sim_pin_wrong", left="2"),
    "modem.sim_last_try": away("sim_last_try", left="1"),
    "modem.sim_puk": away("sim_puk", left="0"),
    "modem.sim_other_lock": away("sim_other_lock", left="?"),
    "modem.sim_swapped": about(swap=Swap("2026-11-28T02:00:00Z", Identity("89330126340000000006"))),
    "modem.smsc_unset": about(service_centre=""),
    "modem.sms_barred": about(refusal=50),
    "modem.roaming": about(reading=replace(HERE, registration=Registration.ROAMING)),
    "modem.no_voice": about(ims=Ims(registered=False, voice=False)),
    "modem.voice_legacy": about(ims=Ims(registered=False), reading=replace(HERE, technology=Technology.UMTS)),
    "modem.voice_unknown": about(ims=Ims()),
    "modem.signal_poor": about(reading=replace(HERE, rsrp_dbm=-121.0)),
    "modem.bearer_apn": bearer(cause=BearerCause.APN),
    "modem.bearer_authentication": bearer(cause=BearerCause.AUTHENTICATION),
    "modem.bearer_barred": bearer(cause=BearerCause.BARRED),
    "modem.bearer_down": bearer(cause=BearerCause.UNKNOWN),
    "modem.bearer_roaming": bearer(state=BearerState.ROAMING),
    "modem.bearer_no_interface": bearer(state=BearerState.UP, present=False),
    "modem.no_network": replace(WELL, modems=(replace(MODEM, about=About(registered=False)),)),
}


def test_nothing_is_found_where_all_is_well() -> None:
    assert found(WELL) == []
    assert found(replace(WELL, modems=())) == []
    assert found(replace(WELL, modems=(replace(MODEM, recipients=79, cap=100), replace(MODEM, recipients=200)))) == []


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.ISSUE)
def test_it_is_found_alone(check: object) -> None:
    issue = check.ISSUE  # type: ignore[attr-defined]
    assert [each.ISSUE for each, _finding in found(UNWELL[issue])] == [issue]


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.ISSUE)
def test_people_are_told_what_to_do(check: object) -> None:
    people_are_told(check)


def test_what_is_meant_is_no_fault() -> None:
    """A SIM that always roams, a modem that never carries a call."""
    roaming = replace(MODEM, about=replace(ABOUT, reading=replace(HERE, registration=Registration.ROAMING)))
    assert found(replace(WELL, modems=(replace(roaming, expect_roaming=True),))) == []
    mute = replace(MODEM, about=replace(ABOUT, ims=Ims(registered=False, voice=False)), voice=False)
    assert found(replace(WELL, modems=(mute,))) == []


@pytest.mark.parametrize("issue", UNWELL)
def test_words_have_their_data(issue: str) -> None:
    ((_check, finding),) = found(UNWELL[issue])
    assert places(WORDS[issue]) <= {"subject", *finding.data}


def test_a_refusal_of_the_network_tells_a_barring_before_it_is_asked() -> None:
    assert [check.ISSUE for check, _ in found(about(refusal=330))] == ["modem.smsc_unset"]
    assert found(about(refusal=38)) == [], "a passing trouble of the network bars nothing"
    assert [check.ISSUE for check, _ in found(about(barred=True))] == ["modem.sms_barred"]
