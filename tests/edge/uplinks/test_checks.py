"""Every known fault: where it is found, where it is not, and that people are told what it is and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest

from edge.cli.issues import WORDS
from edge.shared.clock import utc_text
from edge.shared.faults import Fault
from edge.shared.messages.common import Severity, state_of
from edge.shared.messages.uplinks import Override, Switch, SwitchCause, UplinkState, Wish
from edge.shared.messages.uplinks_firewall import Isolation
from edge.shared.model import Link, ProbeKind, ProbeTarget, UplinksSection
from edge.uplinks import view
from edge.uplinks.checks import all_checks, found
from edge.uplinks.facts import Budget, Facts, Flows
from edge.uplinks.plan import Interface, MainDefault
from edge.uplinks.strangers import Deed, Stranger
from edge.uplinks.view import Since
from tests.edge.told import people_are_told, places

NOW = datetime(2026, 11, 22, 2, 14, tzinfo=UTC)
TARGET = ProbeTarget(host=IPv4Address("192.0.2.31"))
SECTION = UplinksSection(
    links=[
        Link(name="fibre", interface="eth0", address="static", cidr="203.0.113.2/24"),
        Link(name="lte", interface="wwan0", metered=True),
    ],
    targets=[TARGET],
)
ISOLATION = Isolation(zones=["bureaux"], reason="virus", author="alice", since="2026-11-22T02:10:00Z")
BY_STATIC = MainDefault("203.0.113.1", 100, 4)
BY_DHCP = MainDefault("198.51.100.1", 700, 16)
INTERFACES = {
    "eth0": Interface(2, up=True, carrier=True, addresses=frozenset({IPv4Interface("203.0.113.2/24")})),
    "wwan0": Interface(
        3,
        up=True,
        carrier=True,
        addresses=frozenset({IPv4Interface("198.51.100.2/24")}),
        main_defaults=frozenset({BY_DHCP}),
    ),
}
WELL = Facts(
    now=NOW,
    section=SECTION,
    states={"fibre": UplinkState.UP, "lte": UplinkState.UP},
    active="fibre",
    carrying="fibre",
    interfaces=INTERFACES,
    clock_synchronised=True,
)


def issues(facts: Facts) -> dict[tuple[str, str], dict[str, str]]:
    return {(check.ISSUE, finding.subject): dict(finding.data) for check, finding in found(facts)}


def fibre(state: UplinkState) -> Facts:
    return replace(WELL, states={**WELL.states, "fibre": state})


def on(interface: str, **changes: Any) -> Facts:
    changed = replace(INTERFACES[interface], **changes)
    return replace(WELL, interfaces={**INTERFACES, interface: changed})


def switch(minutes_ago: float, cause: SwitchCause = SwitchCause.PROBES_LOST, link: str = "fibre") -> Switch:
    at = utc_text(NOW - timedelta(minutes=minutes_ago))
    return Switch(
        seq=1,
        cause=cause,
        from_link=link,
        to_link="lte",
        detected_monotonic_ns=1,
        switched_monotonic_ns=2,
        detected_at=at,
        switched_at=at,
    )


def after(*switches: Switch) -> Facts:
    return replace(WELL, switches=switches)


def asking_dns(lost: int, state: UplinkState = UplinkState.UP) -> Facts:
    server = ProbeTarget(kind=ProbeKind.DNS, host=IPv4Address("192.0.2.53"), query="sonde.example")
    links = [link.model_copy(update={"targets": [server, TARGET]}) for link in SECTION.links[:1]]
    section = SECTION.model_copy(update={"links": links})
    return replace(fibre(state), section=section, lost_in_row={("fibre", server): lost})


def with_a_silent_target() -> Facts:
    other = ProbeTarget(host=IPv4Address("192.0.2.32"))
    section = SECTION.model_copy(update={"targets": [TARGET, other]})
    return replace(WELL, section=section, lost_in_row={("fibre", TARGET): 20, ("fibre", other): 0})


def wanting(wish: Wish, link: str) -> Facts:
    entry = Override(
        link=link,
        wish=wish,
        reason="travaux",
        author="dupont",
        set_at="2026-11-22T02:00:00.000000Z",
        expires_at="2026-11-22T04:00:00.000000Z",
        request_id="r",
    )
    return replace(WELL, overrides=[entry])


def standing_by_every(interval_ms: int | None, cost_mb: float) -> Facts:
    lte = SECTION.links[1].model_copy(update={"standby_interval_ms": interval_ms})
    section = SECTION.model_copy(update={"links": [SECTION.links[0], lte]})
    return replace(WELL, section=section, probe_mb_month={"fibre": 7000.0, "lte": cost_mb})


WANTED = {"author": "dupont", "reason": "travaux", "until": "2026-11-22 04:00"}


def test_a_box_that_is_well_has_none() -> None:
    assert issues(WELL) == {}


FOUND: list[tuple[Facts, str, str, dict[str, str]]] = [
    (
        replace(WELL, isolation=ISOLATION),
        "isolated",
        "bureaux",
        {"author": "alice", "reason": "virus", "at": "2026-11-22 02:10"},
    ),
    (
        replace(
            WELL, strangers=frozenset({Stranger("bureaux", Deed.GIVES_ADDRESSES, "02:00:00:00:00:0b", "10.78.0.66")})
        ),
        "rogue_dhcp",
        "bureaux",
        {"devices": "02:00:00:00:00:0b (10.78.0.66)"},
    ),
    (
        replace(
            WELL, strangers=frozenset({Stranger("bureaux", Deed.HAS_OUR_ADDRESS, "02:00:00:00:00:0b", "10.78.0.1")})
        ),
        "duplicate_address",
        "bureaux",
        {"devices": "02:00:00:00:00:0b (10.78.0.1)"},
    ),
    (replace(WELL, isolation_fault="No space left"), "isolation_not_kept", "", {"reason": "No space left"}),
    (with_a_silent_target(), "target_silent", "fibre", {"targets": "icmp 192.0.2.31"}),
    (fibre(UplinkState.POOR), "poor_quality", "fibre", {"interface": "eth0"}),
    (replace(WELL, foreign_changes={"rules": "T"}), "foreign_change", "rules", {"at": "T"}),
    (replace(WELL, overrides_lost=True), "overrides_lost", "", {}),
    (wanting(Wish.FORCE, "lte"), "forced", "lte", WANTED),
    (wanting(Wish.FORBID, "lte"), "forbidden", "lte", WANTED),
    (wanting(Wish.FORBID, "fibre"), "forbidden_in_use", "fibre", {"author": "dupont", "reason": "travaux"}),
    (fibre(UplinkState.ABSENT), "interface_missing", "fibre", {"interface": "eth0"}),
    (fibre(UplinkState.NO_CARRIER), "no_carrier", "fibre", {"interface": "eth0"}),
    (fibre(UplinkState.NO_ADDRESS), "no_address", "fibre", {"interface": "eth0"}),
    (fibre(UplinkState.DOWN), "no_answer", "fibre", {"interface": "eth0"}),
    (replace(WELL, carrying=None), "no_answer_anywhere", "", {"kept": "fibre"}),
    (
        replace(WELL, section=SECTION.model_copy(update={"links": SECTION.links[:1], "targets": []})),
        "no_targets",
        "fibre",
        {"interface": "eth0"},
    ),
    (replace(WELL, refusals={"routes": "no"}), "kernel_refused", "routes", {"reason": "no"}),
    (replace(WELL, history_fault="disk full"), "history_unwritable", "", {"reason": "disk full"}),
    (
        replace(WELL, settings_refused=[Fault(path="uplinks.links", kind="x", reason="bad")]),
        "settings_refused",
        "uplinks.links",
        {"reason": "bad"},
    ),
    (after(switch(9), switch(5), switch(1)), "flapping", "fibre", {"count": "3", "minutes": "10"}),
    (
        on("wwan0", default_gateway=str(TARGET.host)),
        "only_gateway",
        "lte",
        {"gateway": str(TARGET.host)},
    ),
    (
        standing_by_every(1000, 235.7),
        "probe_budget_exceeded",
        "lte",
        {"mb": "236", "budget_mb": "10", "interval_ms": "1000"},
    ),
    (asking_dns(5), "dns_dead", "fibre", {"servers": "192.0.2.53"}),
    (
        replace(WELL, budgets={"lte": Budget(80_000_000, 100_000_000)}),
        "budget_nearly_used",
        "lte",
        {"percent": "80", "limit_mb": "100"},
    ),
    (
        replace(WELL, budgets={"lte": Budget(60_000_000, 100_000_000, warn_percent=60)}),
        "budget_nearly_used",
        "lte",
        {"percent": "60", "limit_mb": "100"},
    ),
    (replace(WELL, budgets={"lte": Budget(100_000_000, 100_000_000)}), "budget_used", "lte", {"limit_mb": "100"}),
    (replace(WELL, flows=Flows(236_000, 262_144)), "flows_nearly_full", "", {"open": "236000", "most": "262144"}),
    (replace(WELL, budget_fault="disk full"), "budget_not_kept", "", {"reason": "disk full"}),
    (replace(WELL, now=datetime(1970, 1, 1, 0, 3, tzinfo=UTC)), "clock_wrong", "", {"date": "1970-01-01"}),
    (replace(WELL, clock_synchronised=False), "clock_not_synchronised", "", {}),
    (
        on("eth0", main_defaults=frozenset({BY_STATIC})),
        "second_default_route",
        "fibre",
        {"interface": "eth0", "gateway": "203.0.113.1", "origin": "static"},
    ),
    (
        on("wwan0", main_defaults=frozenset({BY_DHCP, MainDefault("198.51.100.1", 20_700, 16)})),
        "second_default_route",
        "lte",
        {"interface": "wwan0", "gateway": "198.51.100.1", "origin": "dhcp"},
    ),
    *(
        (
            on("eth0", addresses=frozenset({IPv4Interface(f"{address}/24")})),
            "double_nat",
            "fibre",
            {"interface": "eth0", "address": address},
        )
        for address in ("192.168.1.2", "10.0.0.2", "172.31.0.2", "100.64.7.2", "100.127.255.2")
    ),
]


@pytest.mark.parametrize(("facts", "issue", "subject", "data"), FOUND, ids=[f"{row[1]}-{row[3]}" for row in FOUND])
def test_it_is_found(facts: Facts, issue: str, subject: str, data: dict[str, str]) -> None:
    assert issues(facts) == {(f"uplinks.{issue}", subject): data}


NOT_FOUND = {
    "lost twice": after(switch(9), switch(1)),
    "lost long ago": after(switch(60), switch(40), switch(11)),
    "dated under another clock": after(switch(-500), switch(-400), switch(-300)),
    "gone back and forth by the rules": after(*(switch(1, cause) for cause in (SwitchCause.FAILBACK,) * 4)),
    "another link each time": after(switch(3), switch(2), switch(1, link="lte")),
    "a paid link asked rarely": standing_by_every(60_000, 4.0),
    "a paid link whose pace follows from its budget": standing_by_every(None, 10.1),
    "a table of connections with room": replace(WELL, flows=Flows(200_000, 262_144)),
    "few names unanswered": asking_dns(4),
    "a budget mostly left": replace(WELL, budgets={"lte": Budget(79_999_999, 100_000_000)}),
    "a kernel that does not tell of the clock": replace(WELL, clock_synchronised=None),
    "no router": replace(WELL, section=UplinksSection(), clock_synchronised=False, carrying=None),
    "a public address beside a private one": on(
        "eth0", addresses=frozenset({IPv4Interface("192.168.1.2/24"), IPv4Interface("203.0.113.2/24")})
    ),
    "next to private": on("eth0", addresses=frozenset({IPv4Interface("172.32.0.2/24")})),
    "next to carrier-grade": on("eth0", addresses=frozenset({IPv4Interface("100.128.0.2/24")})),
}


@pytest.mark.parametrize("facts", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_it_is_not_found(facts: Facts) -> None:
    assert issues(facts) == {}


def test_names_dead_on_a_dead_link_are_not_said_twice() -> None:
    assert set(issues(asking_dns(50, UplinkState.DOWN))) == {("uplinks.no_answer", "fibre")}


def test_every_check_of_the_folder_is_tested_above() -> None:
    assert {check.ISSUE for check in all_checks()} == {f"uplinks.{issue}" for _, issue, _, _ in FOUND}


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.ISSUE)
def test_people_are_told_what_it_is_and_what_to_do(check: Any) -> None:
    people_are_told(check)


@pytest.mark.parametrize(("facts", "issue", "subject", "data"), FOUND, ids=[row[1] for row in FOUND])
def test_words_have_their_data(facts: Facts, issue: str, subject: str, data: dict[str, str]) -> None:
    assert places(WORDS[f"uplinks.{issue}"]) <= {"subject", *data}


def test_what_is_only_good_to_know_degrades_nothing() -> None:
    translated = on("eth0", addresses=frozenset({IPv4Interface("192.168.1.2/24")}))
    (known,) = view.issues(translated, Since())
    assert (known.severity, known.suggestion, known.fix) == (Severity.INFO, "bridge_operator_box", "uplinks list")
    assert state_of([known]) == "ok"
    (fault,) = view.issues(fibre(UplinkState.DOWN), Since())
    assert fault.severity is Severity.FAULT
    assert state_of([known, fault]) == "degraded"


def test_an_issue_keeps_its_time_while_it_lasts() -> None:
    since = Since()
    (first,) = view.issues(fibre(UplinkState.DOWN), since)
    later = replace(fibre(UplinkState.DOWN), now=NOW + timedelta(minutes=5))
    assert [issue.since for issue in view.issues(later, since)] == [first.since]
    view.issues(replace(WELL, now=later.now), since)
    assert [issue.since for issue in view.issues(later, since)] == [utc_text(later.now)]
