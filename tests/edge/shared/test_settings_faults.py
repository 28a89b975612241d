"""A wrong document: every fault at once, each at its exact place, with a kind that the edge has words for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edge.cli.fault_words import fault_sentence
from edge.shared.section import SettingsRefused, parse_site, read_site

LINK = '[[uplinks.links]]\nname = "fibre"\ninterface = "eth0"\n'
PPPOE = "address = 'pppoe'\nparent = 'eth1'\nuser = 'u'\npassword = 'x'\n"
ULA = "uplinks.ipv6.ula = 'fd77::/48'\n"
STATIC = LINK + "address = 'static'\ncidr = '198.51.100.2/29'\n"
SECOND = STATIC.replace("fibre", "b").replace("eth0", "eth1")
ZONE = "[[uplinks.zones]]\nname = 'lan'\ninterface = 'lan0'\naddress = '192.0.2.1/24'\n"
DHCP = "dhcp = {first='192.0.2.9',last='192.0.2.99',reservations=[%s]}"
DEVICE = "{mac='02:00:00:00:00:01',address='192.0.2.%s'}"
LEG = "[[uplinks.zones]]\nname = 'tel'\ninterface = 'eth0'\n"  # on the link's own interface
RESERVED = "uplinks.zones.lan.dhcp.reservations"
EXTENSION = '[voice]\ndomain = "x.fr"\n[[voice.extensions]]\nnumber = "101"\n'


def faults(document: str) -> dict[str, str]:
    with pytest.raises(SettingsRefused) as caught:
        parse_site(document)
    return {fault.path: fault.kind for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("document", "path", "kind"),
    [
        ("colour = 1", "colour", "extra_forbidden"),
        ("[site]\nname = 3", "site.name", "string_type"),
        ("[site]\nlanguage = 'de'", "site.language", "enum"),
        ("site = 3", "site", "model_type"),
        ("[web]\nport = '80'", "web.port", "int_type"),
        ("[web]\nport = true", "web.port", "int_type"),
        ("[web]\nport = 80.5", "web.port", "int_from_float"),
        ("[web]\nport = 0", "web.port", "greater_than_equal"),
        ("[web]\naddress = '::1'", "web.address", "ip_v4_address"),
        ("[web]\nbase_url = 'ftp://x'", "web.base_url", "string_pattern_mismatch"),
        (LINK + 'gatway = "192.0.2.1"', "uplinks.links.fibre.gatway", "extra_forbidden"),
        (LINK + "metered = 'yes'", "uplinks.links.fibre.metered", "bool_type"),
        (LINK + "address = 'static'", "uplinks.links.fibre.cidr", "missing"),
        (LINK + "cidr = '192.0.2.2/30'", "uplinks.links.fibre.cidr", "not_allowed"),
        (LINK + "address = 'dhcp'\ncidr = '192.0.2.2/30'", "uplinks.links.fibre.cidr", "not_allowed"),
        (LINK + "vlan = 832", "uplinks.links.fibre.parent", "missing"),
        (LINK + "vlan = 0\nparent = 'eth1'", "uplinks.links.fibre.vlan", "greater_than_equal"),
        (LINK + "vlan = 4095\nparent = 'eth1'", "uplinks.links.fibre.vlan", "less_than_equal"),
        (LINK + "vlan = 832\nparent = 'eth0'", "uplinks.links.fibre.parent", "not_allowed"),
        (LINK + "parent = 'eth1'", "uplinks.links.fibre.parent", "not_allowed"),
        (LINK + "budget_mb = 100", "uplinks.links.fibre.budget_mb", "not_allowed"),
        (LINK + "metered = true\nbudget_mb = 0", "uplinks.links.fibre.budget_mb", "greater_than_equal"),
        (LINK + "budget_reset_day = 29", "uplinks.links.fibre.budget_reset_day", "less_than_equal"),
        (
            LINK + "upload_kbit = 1000\n[[uplinks.zones]]\nname = 'v'\ninterface = 'eth0'\nnetworks = ['10.0.0.0/24']",
            "uplinks.links.fibre.upload_kbit",
            "not_allowed",
        ),
        (LINK + "upload_kbit = 1", "uplinks.links.fibre.upload_kbit", "greater_than_equal"),
        (LINK + "password = 'x'", "uplinks.links.fibre.password", "not_allowed"),
        (LINK + PPPOE.replace("'x'", "'a\\nb'").replace("'a", '"a').replace("b'", 'b"'),
         "uplinks.links.fibre.password", "string_pattern_mismatch"),
        (LINK + PPPOE + "gateway = '192.0.2.1'", "uplinks.links.fibre.gateway", "not_allowed"),
        (LINK + PPPOE.replace("eth1", "enp0s31f6abc") + "vlan = 835", "uplinks.links.fibre.parent", "string_too_long"),
        (LINK + "vlan = 5\nparent = 'eth1'\n" + LINK.replace("fibre", "b").replace("eth0", "eth2")
         + "vlan = 5\nparent = 'eth1'", "uplinks.links.b.vlan", "duplicate"),
        (LINK + "address = 'static'\ncidr = '192.0.2.2/33'", "uplinks.links.fibre.cidr", "ip_v4_interface"),
        (STATIC + "gateway = '198.51.100.2'", "uplinks.links.fibre.gateway", "own_address"),
        (STATIC + "gateway = '198.51.100.0'", "uplinks.links.fibre.gateway", "no_host"),
        (STATIC + "gateway = '198.51.100.7'", "uplinks.links.fibre.gateway", "no_host"),
        (STATIC.replace(".2/29", ".7/29"), "uplinks.links.fibre.cidr", "no_host"),
        (STATIC + "targets = [{host='192.0.2.9'},{host='198.51.100.2'}]", "uplinks.links.fibre.targets[1].host", "own_address"),
        (STATIC + "dns = ['198.51.100.2']", "uplinks.links.fibre.dns[0]", "own_address"),
        ("uplinks.targets = [{host='198.51.100.2'}]\n" + STATIC, "uplinks.targets[0].host", "own_address"),
        (STATIC + "gateway = '192.0.2.1'\n" + ZONE, "uplinks.links.fibre.gateway", "own_address"),
        (STATIC + SECOND.replace("2/29", "3/29") + "gateway = '198.51.100.2'", "uplinks.links.b.gateway", "own_address"),
        (STATIC + ZONE.replace("192.0.2.1/24", "198.51.100.129/16"), "uplinks.zones.lan.address", "overlaps_link"),
        (STATIC + ZONE + "networks = ['10.0.0.0/8', '198.51.100.4/30']", "uplinks.zones.lan.networks[1]", "overlaps_link"),
        (ULA + LINK + "ipv6 = {cidr='2001:db8::2/64',gateway='2001:db8::2'}", "uplinks.links.fibre.ipv6.gateway", "own_address"),
        ("[uplinks.ipv6]", "uplinks.ipv6.ula", "missing"),
        ("[uplinks.ipv6]\nula = '2001:db8::/48'", "uplinks.ipv6.ula", "outside"),
        ("[uplinks.ipv6]\nula = 'fd00::1/48'", "uplinks.ipv6.ula", "ip_v6_network"),
        (LINK + "ipv6 = {cidr='2001:db8::2/64'}", "uplinks.links.fibre.ipv6", "not_allowed"),
        (ULA + LINK + "ipv6 = {gateway='fe80::1'}", "uplinks.links.fibre.ipv6.cidr", "missing"),
        (ULA + LINK + "ipv6 = {cidr='2001:db8::2/129'}", "uplinks.links.fibre.ipv6.cidr", "ip_v6_interface"),
        (ULA + LINK + "ipv6 = {cidr='2001:db8::2/64',prefix='2001:db8:1::/56'}", "uplinks.links.fibre.ipv6.prefix", "too_small"),
        (ULA + LINK + PPPOE + "ipv6 = {cidr='2001:db8::2/64'}", "uplinks.links.fibre.ipv6", "not_allowed"),
        (LINK + LINK.replace("eth0", "eth1"), "uplinks.links.fibre.name", "duplicate"),
        (LINK + LINK.replace("fibre", "lte"), "uplinks.links.lte.interface", "duplicate"),
        (LINK.replace("eth0", "an interface"), "uplinks.links.fibre.interface", "string_pattern_mismatch"),
        ("a = " + "[" * 20_000, "document", "nesting"),
        ("[web]\nport = " + "9" * 5000, "document", "digits"),
        ("[web]\nport = 0x" + "f" * 5000, "document", "digits"),
        ("#" * 600_000, "document", "too_large"),
        ('"a\\u001b[31m" = 1', "a\\x1b[31m", "extra_forbidden"),
        ("[modem]\npacing_per_minute = inf", "modem.pacing_per_minute", "less_than_equal"),
        ("[modem]\npacing_per_minute = 1e-320", "modem.pacing_per_minute", "greater_than_equal"),
        ("[modem]\nfree_burst = 9223372036854775807", "modem.free_burst", "less_than_equal"),
        ('modem.devices=[{name="a",device="/dev/a\\u0000"}]', "modem.devices.a.device", "string_pattern_mismatch"),
        ("[[uplinks.links]]\ninterface = 'eth0'", "uplinks.links[0].name", "missing"),
        (LINK + "targets = [{kind='udp',host='192.0.2.1'}]", "uplinks.links.fibre.targets[0].port", "missing"),
        (LINK + "targets = [{host='192.0.2.1',port=7}]", "uplinks.links.fibre.targets[0].port", "not_allowed"),
        (ZONE + "dhcp={first='192.0.2.9',last='192.0.2.8'}", "uplinks.zones.lan.dhcp.last", "before"),
        (ZONE + "dhcp={first='192.0.2.9',last='192.0.3.8'}", "uplinks.zones.lan.dhcp.last", "outside"),
        (ZONE + "dhcp={first='192.0.2.0',last='192.0.2.8'}", "uplinks.zones.lan.dhcp.first", "outside"),
        (ZONE + DHCP % (DEVICE % 1), RESERVED + "[0].address", "own_address"),
        (ZONE + DHCP % "{mac='02:00:00:00:00:01',address='10.0.0.1'}", RESERVED + "[0].address", "outside"),
        (ZONE + DHCP % f"{DEVICE % 2},{DEVICE % 3}", RESERVED + "[1].mac", "duplicate"),
        (ZONE + DHCP % "{mac='02-00-00-00-00-01',address='192.0.2.2'}", RESERVED + "[0].mac", "string_pattern_mismatch"),
        (ZONE.partition("address")[0] + DHCP % "", "uplinks.zones.lan.address", "missing"),
        (ZONE + ZONE.replace("lan", "wifi").replace("/24", "/16"), "uplinks.zones.wifi.address", "overlaps"),
        (LINK + LEG, "uplinks.zones.tel.networks", "missing"),
        (LINK + LEG + "networks = ['192.0.2.0/24', '0.0.0.0/1']", "uplinks.zones.tel.networks[1]", "too_wide"),
        (LINK + LEG + "networks = ['192.0.2.0/24']\naddress = '192.0.2.1/24'\n" + DHCP % "",
         "uplinks.zones.tel.dhcp", "not_allowed"),
        ("uplinks.dns.hosts=[%s,%s]" % (("{name='a',address='192.0.2.1'}",) * 2), "uplinks.dns.hosts.a.name", "duplicate"),
        (ZONE + DHCP % "{mac='02:00:00:00:00:01',address='192.0.2.2',name='101'}", RESERVED + ".101.name", "no_name"),
        (ZONE + DHCP % "{mac='02:00:00:00:00:01',address='192.0.2.2',name='ignore'}", RESERVED + ".ignore.name", "no_name"),
        ("uplinks.dns.hosts=[{name='192.0.2.7',address='192.0.2.1'}]", "uplinks.dns.hosts.192.0.2.7.name", "no_name"),
        (LINK + "[[uplinks.open]]\nname='a'\nports=['22']\nlinks=['adsl']", "uplinks.open.a.links[0]", "unknown_reference"),
        ("uplinks.open=[{name='a',ports=['22'],to_port=23}]", "uplinks.open.a.to_port", "not_allowed"),
        ("uplinks.open=[{name='a',ports=['22','23'],to='192.0.2.1',to_port=24}]", "uplinks.open.a.to_port", "not_allowed"),
        ("uplinks.open=[{name='a',ports=['22-29'],to='192.0.2.1',to_port=24}]", "uplinks.open.a.to_port", "not_allowed"),
        ("uplinks.classes.sip_ports = ['010']", "uplinks.classes.sip_ports[0]", "not_ports"),
        ("uplinks.nft_table = 'ip'", "uplinks.nft_table", "string_pattern_mismatch"),
        ("uplinks.links = 'fibre'", "uplinks.links", "list_type"),
        ("[[modem.devices]]\nname='a'\ndevice='ttyUSB2'", "modem.devices.a.device", "string_pattern_mismatch"),
        ("modem.devices=[{name='a',device='/a'},{name='b',device='/a'}]", "modem.devices.b.device", "duplicate"),
        ("[voice.cloud]\naddress = '192.0.2.1'", "voice.domain", "missing"),
        ("[voice]\nextensions = [{number='1'}]", "voice.domain", "missing"),
        (EXTENSION + "[[voice.extensions]]\nnumber = '101'", "voice.extensions.101.number", "duplicate"),
        (EXTENSION + f"password = 'x'\nha1 = '{'0' * 32}'", "voice.extensions.101.ha1", "not_allowed"),
        ("[voice.emergency]\ntrunks = ['rtc']", "voice.emergency.trunks[0]", "unknown_reference"),
        ("alerts.scenarios=[{id='a',title='A',text='x'},{id='a',title='B',text='y'}]", "alerts.scenarios.a.id", "duplicate"),
        ("alerts.scenarios=[{id='a',title='A',text=''}]", "alerts.scenarios.a.text", "string_too_short"),
    ],
)  # fmt: skip
def test_one_fault_at_its_place(document: str, path: str, kind: str) -> None:
    assert faults(document) == {path: kind}


@pytest.mark.parametrize(
    "document",
    [
        STATIC + SECOND,
        STATIC + "gateway = '198.51.100.1'\n" + SECOND.replace("2/29", "3/29") + "gateway = '198.51.100.1'",
        STATIC.replace("/29", "/31") + "gateway = '198.51.100.3'",
        STATIC.replace("/29", "/32") + "gateway = '192.0.2.9'",
        STATIC + LEG + "networks = ['198.51.100.0/24']\naddress = '198.51.100.2/29'",
    ],
    ids=["one address on two", "two on one subnet", "two hosts alone", "a gateway off the link", "on one leg"],
)
def test_what_is_unusual_but_right_is_taken(document: str) -> None:
    parse_site(document)


@pytest.mark.parametrize(
    "name", ['eth"0', "eth*", "eth\\0", "a;b", "a{b", "e%d", ".", "..", "-x", "é", "a\x01", "a" * 16, ""]
)
def test_a_name_that_would_act_on_the_text_of_nftables_is_refused(name: str) -> None:
    document = LINK.replace('"eth0"', json.dumps(name))
    (path,) = faults(document)
    assert path == "uplinks.links.fibre.interface"


@pytest.mark.parametrize(
    "url", ["ftp:/x", 'http://a"', "http://a b", "http://a\\b", "http://a\nserver=1.2.3.4", "x", ""]
)
def test_an_address_that_would_act_on_the_text_of_dnsmasq_is_refused(url: str) -> None:
    document = ZONE + f"dhcp = {{first='192.0.2.9',last='192.0.2.99',provisioning_url={json.dumps(url)}}}"
    assert faults(document) == {"uplinks.zones.lan.dhcp.provisioning_url": "string_pattern_mismatch"}


@pytest.mark.parametrize("name", ["a b", "a,b", "a/b", "-a", "a-", "a..b", "A", "é", "a#b", "a\nb", ""])
def test_a_host_name_that_would_act_on_the_text_of_dnsmasq_is_refused(name: str) -> None:
    assert faults(f"[uplinks.dns]\ndomain = {json.dumps(name)}") == {"uplinks.dns.domain": "string_pattern_mismatch"}


@pytest.mark.parametrize("name", ["eth0", "enp0s31f6", "eth0.100", "br-lan", "wg_1", "usb0@x", "0a", "abcdefghijklmno"])
def test_the_names_that_interfaces_have_are_taken(name: str) -> None:
    parse_site(LINK.replace("eth0", name))


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe, folder, huge = tmp_path / "pipe", tmp_path / "folder", tmp_path / "huge"
    os.mkfifo(pipe)
    folder.mkdir()
    huge.write_bytes(b"#" * 10_000_000)
    for path, kind in [
        (pipe, "unreadable"),
        (folder, "unreadable"),
        (Path("/dev/zero"), "unreadable"),
        (huge, "too_large"),
    ]:
        with pytest.raises(SettingsRefused) as caught:
            read_site(path)
        assert [fault.kind for fault in caught.value.faults] == [kind]


@pytest.mark.parametrize(
    ("target", "setting", "kind"),
    [
        ("kind='dns'", "query", "missing"),
        ("query='a.fr'", "query", "not_allowed"),
        ("kind='dns',query='a b'", "query", "string_pattern_mismatch"),
        ("kind='tcp',port=1,expect_text='x'", "expect_text", "not_allowed"),
        ("kind='http',path=\"/a\\r\\nX: y\"", "path", "string_pattern_mismatch"),
        ("kind='http',expect_status=200", "expect_text", "missing"),
        ("kind='https',verify_tls=true", "host_name", "missing"),
        ("kind='http',verify_tls=true", "verify_tls", "not_allowed"),
    ],
)
def test_a_probe_target_that_does_not_fit_its_kind(target: str, setting: str, kind: str) -> None:
    document = LINK + f"targets = [{{host='192.0.2.1',{target}}}]"
    assert faults(document) == {f"uplinks.links.fibre.targets[0].{setting}": kind}


@pytest.mark.parametrize(
    ("settings", "setting", "kind"),
    [
        ("probe_budget_mb = 5", "probe_budget_mb", "not_allowed"),
        ("metered = true\nprobe_budget_mb = 0", "probe_budget_mb", "greater_than_equal"),
        ("metered = true\nprobe_budget_mb = 5\nstandby_interval_ms = 50", "standby_interval_ms", "not_allowed"),
    ],
)
def test_a_probe_budget_is_for_paid_links_and_decides_the_interval(settings: str, setting: str, kind: str) -> None:
    assert faults(LINK + settings) == {f"uplinks.links.fibre.{setting}": kind}


@pytest.mark.parametrize(
    "document", [LINK + "{gateway}\n{targets}", "uplinks.targets = [{{host='192.0.2.1'}}]\n" + LINK + "{gateway}"]
)
def test_the_gateway_alone_is_no_probe_target(document: str) -> None:
    text = document.format(gateway="gateway='192.0.2.1'", targets="targets = [{host='192.0.2.1'}]")
    assert faults(text) == {"uplinks.links.fibre.targets": "only_gateway"}


@pytest.mark.parametrize(
    "target",
    [
        "{kind='dns',host='192.0.2.1',query='sonde.example',expect=['192.0.2.80']}",
        "{kind='http',host='192.0.2.1'}",
        "{kind='http',host='192.0.2.1',host_name='www.example',path='/up?x=1',expect_status=503,expect_text='Café'}",
        "{kind='https',host='192.0.2.1',host_name='www.example',verify_tls=true,expect_status=204}",
        "{kind='sip',host='192.0.2.1',host_name='sip.example'}",
        "{host='192.0.2.9'},{host='192.0.2.1'}",  # the gateway beside another
    ],
)
def test_probe_targets_that_are_taken(target: str) -> None:
    parse_site(LINK + f"gateway='192.0.2.1'\ntargets = [{target.replace('192.0.2.1', '192.0.2.7', 1)}]")


def test_every_fault_at_once() -> None:
    document = (
        LINK
        + "address = 'static'\ngatway = 'x'\nmetered = 1\n[voice]\nextensions = [{number='1'}, {number='1'}]\n[web]\nport = 0\n"
    )
    assert faults(document) == {
        "uplinks.links.fibre.cidr": "missing",
        "uplinks.links.fibre.gatway": "extra_forbidden",
        "uplinks.links.fibre.metered": "bool_type",
        "voice.extensions.1.number": "duplicate",
        "voice.domain": "missing",
        "web.port": "greater_than_equal",
    }


def test_every_fault_of_a_way_to_an_address_at_once() -> None:
    document = LINK + "address = 'pppoe'\ncidr = '192.0.2.2/30'\ngateway = '192.0.2.1'\nvlan = 0\n"
    assert faults(document) == {
        "uplinks.links.fibre.user": "missing",
        "uplinks.links.fibre.password": "missing",
        "uplinks.links.fibre.parent": "missing",
        "uplinks.links.fibre.cidr": "not_allowed",
        "uplinks.links.fibre.gateway": "not_allowed",
        "uplinks.links.fibre.vlan": "greater_than_equal",
    }
    parse_site(LINK + PPPOE)


def test_every_fault_of_ipv6_at_once() -> None:
    link = LINK + "ipv6 = {cidr='2001:db8::2',gateway='192.0.2.1',prefix='2001:db8:1::/56'}\n"
    assert faults("uplinks.ipv6.ula = '2001:db8::/48'\n" + link) == {
        "uplinks.ipv6.ula": "outside",
        "uplinks.links.fibre.ipv6.gateway": "ip_v6_address",
        "uplinks.links.fibre.ipv6.prefix": "too_small",
    }
    parse_site(ULA + LINK + "ipv6 = {cidr='2001:db8::2/64',gateway='fe80::1',prefix='2001:db8::/40'}")


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (ULA + LINK + "ipv6 = {cidr='fe80::2%a/64'}", "uplinks.links.fibre.ipv6.cidr"),
        (ULA + LINK + "ipv6 = {cidr='2001:db8::2/64',gateway='fe80::1%eth0'}", "uplinks.links.fibre.ipv6.gateway"),
        (ULA + LINK + "ipv6 = {cidr='2001:db8::2/64',prefix='2001:db8::%a accept;/48'}", "uplinks.links.fibre.ipv6.prefix"),
        ("uplinks.ipv6.ula = 'fd00::%a accept;/48'", "uplinks.ipv6.ula"),
    ],
)  # fmt: skip
def test_an_ipv6_address_that_would_act_on_the_text_of_nftables_is_refused(document: str, path: str) -> None:
    assert faults(document) == {path: "scoped"}


def test_a_pppoe_password_is_in_no_fault() -> None:
    with pytest.raises(SettingsRefused) as caught:
        parse_site(LINK + PPPOE.replace("'x'", "'hush" + "x" * 128 + "'"))
    (fault,) = caught.value.faults
    assert fault.path == "uplinks.links.fibre.password"
    assert "hush" not in fault.model_dump_json()


def test_no_toml_names_the_line() -> None:
    with pytest.raises(SettingsRefused) as caught:
        parse_site("[site]\nname = \n")
    (fault,) = caught.value.faults
    assert (fault.kind, fault.data["line"]) == ("toml", "2")


def test_secrets_and_misspelt_secrets_are_never_repeated() -> None:
    document = EXTENSION + "password = 1234567\npasword = 'hunter2'\n"
    with pytest.raises(SettingsRefused) as caught:
        parse_site(document)
    said = " ".join(fault_sentence(fault) + fault.text + str(fault.data) for fault in caught.value.faults)
    assert "hunter2" not in said
    assert "1234567" not in said


@pytest.mark.parametrize("document", ["", "[site]", "[uplinks]\n[modem]\n[voice]\n[alerts]\n[web]", LINK, EXTENSION])
def test_absent_sections_are_legal(document: str) -> None:
    parse_site(document)


def test_no_default_names_an_address_of_the_outside_world() -> None:
    site = parse_site("").model_dump(mode="json")
    assert (
        site["uplinks"]["links"]
        == site["uplinks"]["targets"]
        == site["modem"]["devices"]
        == site["voice"]["listen"]
        == []
    )
    assert site["voice"]["cloud"] is None
    assert site["web"]["address"] == "127.0.0.1"
