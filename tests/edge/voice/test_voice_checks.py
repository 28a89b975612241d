"""Every known fault of the telephones: where it is found, where it is not, and that people are told what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from edge.cli.issues import WORDS
from edge.shared.faults import Fault
from edge.shared.messages.voice import Phone, VoiceMode
from edge.shared.messages.voice_guard import Ban, BanKind
from edge.shared.messages.voice_redirects import Redirect
from edge.shared.messages.voice_trunks import RegistrationState, TrunkHealth, TrunkRefusal, TrunkState
from edge.shared.model.voice import VoiceSection
from edge.shared.section import parse_site
from edge.voice.brands import brand_of
from edge.voice.checks import all_checks, found
from edge.voice.cloud_name import Naming, Trouble
from edge.voice.cloud_places import Place, question_of
from edge.voice.decision import Cloud, Reason, Sight, State
from edge.voice.facts import Facts
from edge.voice.installed import loaded, missing
from edge.voice.inventory import Inventory, Unrouted, behind_nat, host_of, version_of
from edge.voice.kamailio_alarms import Alarms, UrgentCall
from tests.edge.told import people_are_told, places

NOW = datetime(2026, 11, 22, 2, 14, tzinfo=UTC)
SITE = """
[voice]
domain = "mairie.example"
listen = [{ address = "10.78.0.1" }]
cloud = { address = "192.0.2.9" }
trunks = [{ name = "secours", address = "192.0.2.19" }]
extensions = [{ number = "101", password = "secret-101" }, { number = "102", password = "secret-102" }]
"""
KEPT = (Place(IPv4Address("192.0.2.9"), 5060),)
HOURS = """
[[voice.hours.schedules]]
name = "mairie"
numbers = ["101"]
monday = ["09:00-12:00"]
closed_to = "102"
"""


def site(document: str) -> VoiceSection:
    return parse_site(document).voice


WELL = Facts(
    now=NOW,
    settings=site(SITE),
    state=State(VoiceMode.CLOUD, Reason.CLOUD_ANSWERS),
    sight=Sight(answers=True, flag=VoiceMode.CLOUD, cloud=Cloud.ANSWERS),
    inventory=Inventory(version="5.6.3"),
)


def phone(extension: str, address: str, cloud: bool = True) -> Phone:
    return Phone(extension=extension, contact=f"sip:x@{address}", address=address, expires_s=60, cloud=cloud)


def trunk(
    registration: RegistrationState | None = None,
    refused_calls: int = 0,
    refused_code: int | None = None,
    code: int | None = None,
) -> TrunkState:
    """The trunk of the settings, with what it refused calls in a row, and what it last said no with for any reason."""
    said = code is not None and TrunkRefusal(of="call", code=code, reason="No", at="2026-11-22T02:13:00Z")
    return TrunkState(
        name="secours",
        kind="registration" if registration else "ip",
        address="192.0.2.19:5060",
        health=TrunkHealth.WELL,
        registration=registration,
        refused_calls=refused_calls,
        refused_code=refused_code,
        last_refusal=said or None,
    )


def issues(facts: Facts) -> dict[tuple[str, str], dict[str, str]]:
    return {(check.ISSUE, finding.subject): dict(finding.data) for check, finding in found(facts)}


def seen(**changes: Any) -> Facts:
    return replace(WELL, inventory=replace(WELL.inventory, **changes))


def named(trouble: Trouble, places: tuple[Place, ...] = KEPT, said: str = "") -> Facts:
    """The cloud PBX has a name, with which there is trouble."""
    question = question_of(site(SITE.replace('"192.0.2.9"', '"pbx.example"')))
    return replace(WELL, naming=Naming(question, places, trouble, said))


def sent_to(place: str, number: str) -> Redirect:
    """A redirect of one action of a person."""
    until, set_at = "2026-11-22T08:00:00+01:00", "2026-11-22T01:00:00Z"
    return Redirect(number=number, to=place, until=until, author="dupont", set_at=set_at, request_id="r")


def set_as(document: str) -> Facts:
    return replace(WELL, settings=site(document))


def kept_out(kind: BanKind, *addresses: str) -> Facts:
    bans = tuple(
        Ban(address=one, kind=kind, reason="flood", until="2026-11-22T03:00:00Z", extension="101") for one in addresses
    )
    return replace(WELL, alarms=Alarms(bans=bans))


def urgent(state: str, minutes_ago: float = 1) -> Facts:
    at = int((NOW - timedelta(minutes=minutes_ago)).timestamp())
    return replace(WELL, alarms=Alarms(urgent=(UrgentCall("id", state, at, "101", "10.78.0.21", "112"),)))


SILENT = replace(WELL, sight=Sight(answers=False), inventory=Inventory())
URGENT = {"caller": "101", "address": "10.78.0.21", "number": "112", "at": "2026-11-22T02:13:00.000000Z"}

FOUND: list[tuple[Facts, str, str, dict[str, str]]] = [
    (
        replace(WELL, refused=[Fault(path="voice.listen", kind="x", reason="bad")]),
        "settings_refused",
        "",
        {"faults": Fault(path="voice.listen", kind="x", reason="bad").text},
    ),
    (replace(WELL, missing_addresses=["10.78.0.1"]), "address_missing", "10.78.0.1", {"address": "10.78.0.1"}),
    (SILENT, "kamailio_silent", "", {}),
    (replace(WELL, not_told="refused"), "settings_not_told", "", {"reason": "refused"}),
    (replace(WELL, not_copied="disk full"), "registrations_not_copied", "", {"reason": "disk full"}),
    (
        named(Trouble.SILENT),
        "cloud_name_silent",
        "pbx.example",
        {"kept": "192.0.2.9"},
    ),
    (named(Trouble.UNKNOWN), "cloud_name_unknown", "pbx.example", {"kept": "192.0.2.9"}),
    (
        named(Trouble.LIE, said="10.0.0.1"),
        "cloud_name_lies",
        "pbx.example",
        {"kept": "192.0.2.9", "said": "10.0.0.1"},
    ),
    (named(Trouble.SILENT, places=()), "cloud_never_found", "pbx.example", {}),
    (
        replace(set_as(SITE + HOURS), now=datetime(1970, 1, 1, 0, 3, tzinfo=UTC)),
        "hours_not_kept",
        "",
        {},
    ),
    (replace(WELL, redirects_damaged=True), "redirects_damaged", "", {}),
    (
        replace(WELL, redirects=[sent_to("0612345678", number) for number in ("101", "102")]),
        "redirected",
        "101, 102",
        {"numbers": "101, 102", "to": "0612345678", "until": "2026-11-22 08:00", "author": "dupont", "reason": "-"},
    ),
    (replace(WELL, records_refused="disk full"), "records_not_kept", "", {"reason": "disk full"}),
    (
        replace(WELL, state=State(VoiceMode.LOCAL, Reason.CLOUD_SILENT)),
        "cloud_silent",
        "",
        {"address": "192.0.2.9"},
    ),
    (
        set_as(SITE.replace(', password = "secret-101"', "")),
        "unprotected_extensions",
        "",
        {"extensions": "101"},
    ),
    (set_as(SITE.replace('"102"', '"112"')), "extension_is_emergency", "112", {"extension": "112"}),
    (urgent("failed"), "emergency_failed", "id", URGENT),
    (urgent("calling"), "emergency_call", "id", URGENT),
    (
        replace(WELL, alarms=Alarms(rewritten=("10.78.0.21",))),
        "sip_alg",
        "10.78.0.21",
        {"address": "10.78.0.21"},
    ),
    (
        kept_out(BanKind.LIMITED, "10.78.0.21"),
        "phone_limited",
        "10.78.0.21",
        {"address": "10.78.0.21", "reason": "flood", "extension": "101"},
    ),
    (
        kept_out(BanKind.BLOCKED, *(f"198.51.100.{n}" for n in range(1, 8))),
        "addresses_blocked",
        "",
        {"count": "7", "addresses": "198.51.100.1, 198.51.100.2, 198.51.100.3, 198.51.100.4, 198.51.100.5"},
    ),
    (set_as(SITE.replace("trunks", "#")), "no_trunk_for_emergency", "", {}),
    (set_as(SITE.replace("trunks", "#").replace("cloud", "#")), "no_way_for_emergency", "", {}),
    (replace(WELL, now=datetime(1970, 1, 1, 0, 3, tzinfo=UTC)), "clock_wrong", "", {"date": "1970-01-01"}),
    (
        seen(
            phones=(phone("101", "10.78.0.21:5060"), phone("101", "10.78.0.22:5060"), phone("102", "10.78.0.23:5060"))
        ),
        "number_on_two_phones",
        "101",
        {"extension": "101", "addresses": "10.78.0.21, 10.78.0.22"},
    ),
    (
        replace(SILENT, inventory=Inventory(missing=("pike.so", "uac.so"))),
        "kamailio_missing",
        "",
        {"missing": "pike.so, uac.so"},
    ),
    (seen(version="5.8.1"), "kamailio_version", "", {"version": "5.8.1", "tried": "5.6"}),
    (
        seen(elsewhere={"101": ("sip:101@203.0.113.77:5060",)}),
        "registered_elsewhere",
        "101",
        {"extension": "101", "contacts": "sip:101@203.0.113.77:5060"},
    ),
    (
        seen(gone_together=("101", "102", "103", "104", "105")),
        "phones_gone",
        "",
        {"count": "5", "extensions": "101, 102, 103, 104, 105"},
    ),
    (
        seen(trunks=(trunk().model_copy(update={"health": TrunkHealth.SILENT}),)),
        "trunk_silent",
        "secours",
        {"address": "192.0.2.19:5060"},
    ),
    (
        seen(trunks=(trunk(registration=RegistrationState.REFUSED, code=403),)),
        "trunk_refused",
        "secours",
        {"address": "192.0.2.19:5060", "code": "403"},
    ),
    (seen(refused_upstream={"101": 403}), "upstream_refused", "101", {"extension": "101", "code": "403"}),
    (seen(unrouted=Unrouted(3, 503)), "cloud_not_routing", "", {"calls": "3", "code": "503"}),
]


def test_telephones_that_are_well_have_none() -> None:
    assert issues(WELL) == {}


@pytest.mark.parametrize(("facts", "issue", "subject", "data"), FOUND, ids=[row[1] for row in FOUND])
def test_it_is_found(facts: Facts, issue: str, subject: str, data: dict[str, str]) -> None:
    assert issues(facts) == {(f"voice.{issue}", subject): data}


@pytest.mark.parametrize(("facts", "issue"), [(row[0], row[1]) for row in FOUND], ids=[row[1] for row in FOUND])
def test_a_box_without_telephones_has_none_of_it(facts: Facts, issue: str) -> None:
    none = issues(replace(facts, settings=VoiceSection(), missing_addresses=[], inventory=Inventory()))
    assert set(none) <= {("voice.settings_refused", "")}


NOT_FOUND = {
    "an emergency call of two hours ago": urgent("failed", 120),
    "a ban that is over": replace(kept_out(BanKind.BLOCKED, "198.51.100.1"), now=NOW + timedelta(hours=2)),
    "two lines of one device": seen(phones=(phone("101", "10.78.0.21:5060"), phone("101", "10.78.0.21:5062"))),
    "two failed calls": seen(unrouted=Unrouted(2, 503)),
    "a trunk that never refused": seen(trunks=(trunk(),)),
    "two numbers that a trunk does not call": seen(trunks=(trunk(refused_calls=2, refused_code=403, code=403),)),
    "a trunk that refused and then took a call": seen(trunks=(trunk(code=407),)),
    "a trunk that fails calls": seen(trunks=(trunk(code=503),)),
    "a trunk that has us registered again": seen(trunks=(trunk(RegistrationState.REGISTERED, code=403),)),
    "a Kamailio that did not say its version": seen(version=None),
    "a later fix of the same version": seen(version="5.6.12"),
}


@pytest.mark.parametrize("facts", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_it_is_not_found(facts: Facts) -> None:
    assert issues(facts) == {}


@pytest.mark.parametrize("last", [403, 503, 0], ids=["a refusal last", "a failure last", "silence last"])
@pytest.mark.parametrize(("calls", "code"), [(3, 403), (3, 402), (1, 407), (1, 401), (2, 407)])
def test_a_trunk_that_refuses_calls_is_found_until_it_takes_one(calls: int, code: int, last: int) -> None:
    facts = seen(trunks=(trunk(refused_calls=calls, refused_code=code, code=last),))
    assert issues(facts)["voice.trunk_refused", "secours"]["code"] == str(code)


def test_another_minor_version_is_another_version() -> None:
    assert ("voice.kamailio_version", "") in issues(seen(version="5.60.0"))


def test_every_check_of_the_folder_is_tested_above() -> None:
    assert {check.ISSUE for check in all_checks()} == {f"voice.{issue}" for _, issue, _, _ in FOUND}


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.ISSUE)
def test_people_are_told_what_it_is_and_what_to_do(check: Any) -> None:
    people_are_told(check)


@pytest.mark.parametrize(("issue", "data"), [(row[1], row[3]) for row in FOUND], ids=[row[1] for row in FOUND])
def test_words_have_their_data(issue: str, data: dict[str, str]) -> None:
    assert places(WORDS[f"voice.{issue}"]) <= {"subject", *data}


def test_what_kamailio_needs_is_looked_for_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "x86_64-linux-gnu/kamailio/modules"
    folder.mkdir(parents=True)
    everything = missing("sh", tmp_path)
    assert {"tm.so", "usrloc.so", "htable.so"} <= set(everything)
    for name in everything:
        (folder / name).touch()
    assert missing("sh", tmp_path) == ()
    (folder / "pike.so").unlink()
    assert missing("sh", tmp_path) == ("pike.so",)
    assert missing("no-such-program", tmp_path) == ("no-such-program",)
    assert missing() == (), "the machine that runs the tests has everything"


def test_a_module_in_a_comment_is_not_loaded() -> None:
    assert loaded(['loadmodule "tm.so"\n# loadmodule "old.so"\n']) == ["tm.so"]


@pytest.mark.parametrize(
    ("agent", "brand"),
    [
        ("Yealink SIP-T46S 66.84.0.15", "Yealink"),
        ("snomD785/10.1.57.13", "Snom"),
        ("N510 IP PRO/42.250.00.000.000;7C2F80E5A2B1", "Gigaset"),
        ("Gigaset N870 IP PRO/83.V2.49.1", "Gigaset"),
        ("Cisco/SPA504G-7.6.2", "Cisco"),
        ("Grandstream GXP2170 1.0.11.39", "Grandstream"),
        ("Fanvil X4U 2.12.1.3", "Fanvil"),
        ("PolycomVVX-VVX_450-UA/6.4.3.5156", "Poly"),
        ("PolyEdge-Edge_E350-UA/8.1.1", "Poly"),
        ("ALE M5 2.12.28", "Alcatel"),
        ("Mitel 6867i/5.1.0.3024 (SIP)", "Mitel"),
        ("Aastra 6755i/3.3.1.4365", "Mitel"),
        ("baresip v1.0.0 (x86_64/linux)", "baresip"),
        ("Linphone Desktop/5.1.2 (LinphoneCore/5.2.98)", "Linphone"),
        ("Unheard-of/1.0", None),
        ("", None),
    ],
)
def test_the_brand_of_a_phone(agent: str, brand: str | None) -> None:
    assert brand_of(agent) == brand


@pytest.mark.parametrize(
    ("contact", "address", "nat"),
    [
        ("sip:101@10.0.0.5:5060", "10.0.0.5:5060", False),
        ("sip:101@10.0.0.5", "10.0.0.5:5060", False),
        ("sip:101@10.0.0.5:5061;transport=tcp", "10.0.0.5:41234", False),
        ("sip:101@192.168.1.5:5060", "10.0.0.5:5060", True),
        ("sip:10.0.0.5;line=1", "10.0.0.5:5060", False),
        ("sip:phone.local", "10.0.0.5:5060", True),
    ],
)
def test_a_router_between_phone_and_box(contact: str, address: str, nat: bool) -> None:
    assert behind_nat(contact, address) is nat


def test_what_others_say_is_read() -> None:
    assert version_of("kamailio 5.6.3 (x86_64/linux) ") == "5.6.3"
    assert [host_of(text) for text in ("10.0.0.1:5060", "10.0.0.1")] == ["10.0.0.1", "10.0.0.1"]
