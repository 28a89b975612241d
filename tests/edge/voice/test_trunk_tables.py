"""Trunks in the settings, and as Kamailio is told them; what Kamailio says of them, as people are told it."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from edge.shared.messages.voice_trunks import RegistrationState, TrunkHealth
from edge.shared.model.voice import VoiceSection
from edge.shared.section import SettingsRefused, parse_site
from edge.voice.kamailio.prepare import prepare
from edge.voice.kamailio.startup import RunFolder, render
from edge.voice.tables import tables
from edge.voice.trunk_push import changed, gone
from edge.voice.trunk_view import Registered, TrunkSight, counts_of, settled, trunk_states
from edge.voice.trunks import registrations

DOCUMENT = """
[voice]
domain = "mairie.example"
listen = [{ address = "10.0.0.1" }]
cloud = { address = "198.51.100.9" }
[[voice.trunks]]
name = "ovh"
kind = "registration"
address = "198.51.100.20"
domain = "sip.carrier.example"
username = "0033123456789"
password = "secret"
channels = 2
calls_per_s = 3
[[voice.trunks]]
name = "ip"
address = "198.51.100.21"
"""
HA1 = hashlib.md5(b"0033123456789:sip.carrier.example:secret").hexdigest()


def voice(document: str = DOCUMENT) -> VoiceSection:
    return parse_site(document).voice


def test_a_registration_holds_no_password() -> None:
    wanted = registrations(voice())
    assert list(wanted) == ["ovh"]
    one = wanted["ovh"]
    assert (one.auth_ha1, one.realm, one.r_domain) == (HA1, "sip.carrier.example", "sip.carrier.example")
    assert (one.auth_proxy, one.contact_addr, one.socket) == (
        "sip:198.51.100.20:5060",
        "10.0.0.1:5060",
        "udp:10.0.0.1:5060",
    )
    assert "secret" not in str(tables(voice()).registrations)
    rows = tables(voice()).htables["trunk"]
    assert (rows["ovh::user"], rows["ovh::ha1"], rows["ovh::channels"], rows["ovh::cps"]) == (
        "0033123456789",
        HA1,
        "2",
        "3",
    )
    assert {"ip::channels", "ip::cps", "ip::user"}.isdisjoint(rows)


def test_the_realm_may_be_another_than_the_domain() -> None:
    named = voice(DOCUMENT.replace("channels = 2", 'realm = "asterisk"'))
    assert registrations(named)["ovh"].auth_ha1 == hashlib.md5(b"0033123456789:asterisk:secret").hexdigest()


def test_registrations_are_in_the_file_kamailio_starts_from(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    prepare(voice(), tables(voice()), files, tmp_path / "copy.sqlite")
    with sqlite3.connect(files.tables_db) as database:
        rows = database.execute("SELECT l_uuid, auth_ha1, expires FROM uacreg").fetchall()
    assert rows == [("ovh", HA1, 300)]


def test_only_where_a_trunk_has_an_account_every_message_is_read_for_its_cseq(tmp_path: Path) -> None:
    without = voice(
        '[voice]\nlisten = [{ address = "10.0.0.1" }]\n[[voice.trunks]]\nname = "ip"\naddress = "192.0.2.1"\n'
    )
    assert "TRACK_CSEQ" in render(voice(), RunFolder(tmp_path), "cookie", "start")
    assert "TRACK_CSEQ" not in render(without, RunFolder(tmp_path), "cookie", "start")


def test_a_new_expiry_is_another_version() -> None:
    """No table but that of the registrations changes."""
    other = tables(voice(DOCUMENT.replace("channels = 2", "channels = 2\nexpires_s = 60")))
    assert other.htables == tables(voice()).htables
    assert other.version != tables(voice()).version


def test_kamailio_is_told_the_registrations_it_does_not_hold() -> None:
    wanted = registrations(voice())
    held = {**asdict(wanted["ovh"]), "diff_expires": 200, "flags": 20}
    assert changed(wanted, []) == ["ovh"]
    assert changed(wanted, [held]) == []
    assert changed(wanted, [{**held, "auth_ha1": "0" * 32}]) == ["ovh"]
    assert changed({"ovh": replace(wanted["ovh"], expires=60)}, [held]) == ["ovh"]
    # The wall clock was set back by a year: it would wait for so long.
    assert changed(wanted, [{**held, "diff_expires": 31_536_000}]) == ["ovh"]
    assert (gone(wanted, [held]), gone({}, [held])) == ([], ["ovh"])


def test_what_kamailio_says_of_the_ways_out() -> None:
    sight = TrunkSight(
        health={
            "198.51.100.9:5060": TrunkHealth.WELL,
            "198.51.100.20:5060": TrunkHealth.WELL,
            "198.51.100.21:5060": TrunkHealth.SILENT,
        },
        registered={"ovh": Registered(online=True, for_s=200)},
        said={"ip::call": "503|1764320000||Service|Unavailable", "0033123456789@198.51.100.20:5060": "200|1||OK"},
        calls={"ovh": 1, "ip": 0},
    )
    cloud, ovh, ip = trunk_states(voice(), sight)
    assert (cloud.name, cloud.kind, cloud.health, cloud.calls) == ("@cloud", "cloud", "well", None)
    assert (ovh.registration, ovh.registered_for_s, ovh.calls, ovh.channels) == ("registered", 200, 1, 2)
    assert ovh.last_refusal is None
    assert (ip.health, ip.registration) == ("silent", None)
    assert ip.last_refusal is not None
    assert (ip.last_refusal.code, ip.last_refusal.reason) == (503, "Service|Unavailable")
    assert ip.last_refusal.at == "2025-11-28T08:53:20.000000Z"


def test_a_registration_that_is_not_there_is_refused_or_silent() -> None:
    lost = Registered(online=False, for_s=-5)
    key = "0033123456789@198.51.100.20:5060"
    sight = TrunkSight({}, {"ovh": lost}, {key: "401|1764320000|asterisk|Unauthorized"}, {})
    refused = trunk_states(voice(), sight)[1]
    assert refused.registration == RegistrationState.REFUSED
    assert refused.last_refusal is not None
    assert refused.last_refusal.realm == "asterisk"
    sight = TrunkSight({}, {"ovh": lost}, {key: "200|1764320000||OK"}, {})
    assert trunk_states(voice(), sight)[1].registration == RegistrationState.SILENT


def test_why_it_refused_calls_is_kept_apart_from_what_it_last_said() -> None:
    said = {"ip::call": "503|1764320000||Service Unavailable"}
    refused = counts_of([{"slot": [{"name": "ip", "value": 2}, {"name": "ip::code", "value": 407}]}])
    ip = trunk_states(voice(), TrunkSight({}, {}, said, {}, refused))[2]
    assert ip.last_refusal is not None
    assert (ip.refused_calls, ip.refused_code, ip.last_refusal.code) == (2, 407, 503)
    taken = TrunkSight({}, {}, said, {}, {**refused, "ip": 0})
    assert trunk_states(voice(), taken)[2].refused_code is None


def test_a_trunk_that_is_being_registered_stays_as_it_was() -> None:
    """Its registrar's challenge is no refusal, and a refusal does not end by asking again."""
    key = "0033123456789@198.51.100.20:5060"
    refused = TrunkSight({}, {"ovh": Registered(online=False, for_s=20)}, {key: "403|1764320000||Forbidden"}, {})
    before = settled(trunk_states(voice(), refused), refused, ())
    asking = Registered(online=False, for_s=0, asking=True)
    challenged = TrunkSight({}, {"ovh": asking}, {key: "401|1764320020|r|Unauthorized"}, {})
    assert settled(trunk_states(voice(), challenged), challenged, before)[1] == before[1]
    assert [one.name for one in settled(trunk_states(voice(), challenged), challenged, ())] == ["@cloud", "ip"]


def test_nothing_is_known_while_kamailio_is_silent() -> None:
    assert {one.health for one in trunk_states(voice(), None)} == {TrunkHealth.UNKNOWN}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ('kind = "registration"', "voice.trunks.a.username"),
        ('username = "x"', "voice.trunks.a.password"),
        ('password = "x"', "voice.trunks.a.username"),
        (f'username = "x"\npassword = "x"\nha1 = "{"0" * 32}"', "voice.trunks.a.ha1"),
        ('username = "x y"\npassword = "x"', "voice.trunks.a.username"),
        ('domain = "a b"', "voice.trunks.a.domain"),
        ('realm = "a\\"b"', "voice.trunks.a.realm"),
        ("channels = 0", "voice.trunks.a.channels"),
        ('[[voice.inbound.numbers]]\nnumber = "12"\nto = "101"', "voice.inbound.numbers.12.number"),
    ],
)
def test_what_could_not_work_is_refused(wrong: str, path: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        parse_site(f'[[voice.trunks]]\nname = "a"\naddress = "192.0.2.1"\n{wrong}\n')
    assert [fault.path for fault in refused.value.faults] == [path]
