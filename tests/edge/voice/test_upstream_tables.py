"""What Kamailio is told of extensions that the box is at the cloud PBX, and what it says of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from edge.shared.model.voice import VoiceSection
from edge.shared.section import SettingsRefused, parse_site
from edge.voice.cloud_places import Place, settle
from edge.voice.digests import ha1_of
from edge.voice.kamailio.startup import start_digest
from edge.voice.tables import tables, unprotected
from edge.voice.trunk_view import Registered, TrunkSight, upstream_refusals

SITE = """[voice]
domain = "mairie.example"
listen = [{ address = "10.78.0.1" }]
cloud = { address = "192.0.2.9" }
extensions = [
    { number = "101", password = "desk", upstream = { user = "u101", password = "cloud-secret" } },
    { number = "102", password = "office" },
    { number = "104" },
]
"""
KEY = "u101@192.0.2.9:5060"


def voice(document: str = SITE) -> VoiceSection:
    return parse_site(document).voice


def test_the_phone_and_the_cloud_have_two_secrets() -> None:
    made = tables(voice())
    assert made.htables["secret"]["101"] == ha1_of("101", "mairie.example", "desk")
    assert made.htables["upstream"] == {
        "101::user": "u101",
        "101::ha1": ha1_of("u101", "mairie.example", "cloud-secret"),
        "at::u101": "101",
    }
    assert "cloud-secret" not in str(made)
    assert unprotected(voice()) == ["104"]


def test_an_ha1_is_taken_as_it_is() -> None:
    made = tables(voice(SITE.replace('password = "cloud-secret"', f'ha1 = "{"AB" * 16}"')))
    assert made.htables["upstream"]["101::ha1"] == "ab" * 16
    assert made.registrations["~101"].auth_ha1 == "ab" * 16


def test_it_is_registered_by_a_contact_that_nothing_else_can_be_named() -> None:
    registration = tables(voice()).registrations["~101"]
    assert (registration.r_username, registration.r_domain, registration.auth_username) == (
        "u101",
        "mairie.example",
        "u101",
    )
    assert (registration.auth_proxy, registration.contact_addr) == ("sip:192.0.2.9:5060", "10.78.0.1:5060")


def test_of_several_addresses_of_the_cloud_the_preferred_one_is_registered_at() -> None:
    named = voice(SITE.replace('"192.0.2.9"', '"pbx.example"'))
    assert tables(named).registrations == {}, "its name is not known yet"
    places = (Place(IPv4Address("192.0.2.8"), 5062), Place(IPv4Address("192.0.2.9"), 5060))
    assert tables(settle(named, places)).registrations["~101"].auth_proxy == "sip:192.0.2.8:5062"


def test_without_a_cloud_it_is_an_extension_like_the_others() -> None:
    alone = tables(voice(SITE.replace("cloud =", "#")))
    assert (alone.htables["upstream"], alone.registrations) == ({}, {})
    assert "101" in alone.htables["secret"]


def test_an_account_that_has_another_extension_s_number_does_not_take_its_calls() -> None:
    made = tables(voice(SITE.replace('"u101"', '"102"')))
    assert made.htables["upstream"]["101::user"] == "102"
    assert "at::102" not in made.htables["upstream"]


def test_the_first_one_is_a_start_up_value_and_others_are_not() -> None:
    """Counting CSeq costs every call something: where nobody needs it, Kamailio does not."""
    upstream = ', upstream = { user = "u101", password = "cloud-secret" }'
    second = SITE.replace('"office"', '"office", upstream = { user = "u102", password = "p" }')
    assert start_digest(voice()) != start_digest(voice(SITE.replace(upstream, "")))
    assert start_digest(voice()) == start_digest(voice(second))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ('password = "x"\nupstream = { user = "u" }', "voice.extensions.1.upstream.password"),
        (
            f'password = "x"\nupstream = {{ user = "u", password = "p", ha1 = "{"a" * 32}" }}',
            "voice.extensions.1.upstream.ha1",
        ),
        ('upstream = { user = "u", password = "p" }', "voice.extensions.1.password"),
    ],
)
def test_a_secret_that_is_missing_is_said(wrong: str, path: str) -> None:
    """Without one of the box's own, anybody in the building could call by the account."""
    with pytest.raises(SettingsRefused) as refused:
        parse_site(f'[voice]\ndomain = "a.example"\n[[voice.extensions]]\nnumber = "1"\n{wrong}\n')
    assert [fault.path for fault in refused.value.faults] == [path]


# -- what the cloud PBX says of it ------------------------------------------------------------------------------------

REFUSED = Registered(online=False, for_s=12)
SIGHT = TrunkSight(health={}, registered={"~101": REFUSED}, said={KEY: "403|1795866847||Forbidden"}, calls={})


@pytest.mark.parametrize(
    ("entry", "said", "before", "codes"),
    [
        (REFUSED, "403|1|r|Forbidden", {}, {"101": 403}),
        (REFUSED, "200|1||OK", {}, {}),
        (Registered(online=True, for_s=200), "401|1|r|Unauthorized", {"101": 403}, {}),
        (Registered(online=False, for_s=0, asking=True), "401|1|r|Unauthorized", {}, {}),
        (Registered(online=False, for_s=0, asking=True), "401|1|r|Unauthorized", {"101": 403}, {"101": 403}),
    ],
)
def test_only_what_was_refused_for_good_is_a_refusal(
    entry: Registered, said: str, before: Mapping[str, int], codes: Mapping[str, int]
) -> None:
    sight = replace(SIGHT, registered={"~101": entry}, said={KEY: said})
    assert upstream_refusals(voice(), sight, before) == codes


def test_what_was_not_asked_yet_or_is_not_wanted_is_none() -> None:
    assert upstream_refusals(voice(), replace(SIGHT, said={}), {}) == {}
    assert upstream_refusals(voice(), replace(SIGHT, registered={}), {}) == {}
    assert upstream_refusals(voice(SITE.replace("cloud =", "#")), SIGHT, {"101": 403}) == {}
