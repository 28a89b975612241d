"""The cloud PBX's name: what name servers say, what of it is believed, and what is kept when they fail."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.model.voice import VoiceSection
from edge.shared.section import SettingsRefused, parse_site
from edge.voice.checks import found
from edge.voice.cloud_name import CloudName, Trouble, read_places
from edge.voice.cloud_places import Place, ask_again_in, believed, in_order, question_of, settle
from edge.voice.decision import Cloud, Sight, State
from edge.voice.dns_client import NoAnswer, ask, name_servers
from edge.voice.dns_message import SRV, A, Address, Answer, NotAnAnswer, Service, answer, question
from edge.voice.facts import Facts
from edge.voice.tables import tables

NAME = "sip.operateur.example"
LAN = 'listen = [{ address = "10.0.0.1" }]'


def voice(address: str = NAME, listen: str = LAN, more: str = "") -> VoiceSection:
    return parse_site(
        f'[voice]\ndomain = "mairie.example"\n{listen}\ncloud = {{ address = "{address}"{more} }}\n'
    ).voice


def place(address: str, port: int = 5060) -> Place:
    return Place(IPv4Address(address), port)


# -- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["300.1.1.1", "1.2.3", "a..b", "-a.example", "a b", "sip:a.example", "", "é.example"])
def test_neither_an_address_nor_a_name_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        voice(wrong)
    assert [fault.path for fault in refused.value.faults] == ["voice.cloud.address"]


def test_an_address_is_asked_of_nobody_and_a_name_of_srv_unless_a_port_is_given() -> None:
    assert question_of(voice("192.0.2.10")) is None
    first, second = question_of(voice("SIP.Operateur.example")), question_of(voice(more=", port = 5070"))
    assert first is not None and second is not None
    assert (first.name, first.services, second.port, second.services) == (NAME, True, 5070, False)


def test_addresses_found_are_one_set_of_the_dispatcher_with_priorities() -> None:
    settled = tables(settle(voice(), [place("192.0.2.10"), place("192.0.2.11", 5080)]))
    assert settled.dispatcher == (
        "1 sip:192.0.2.11:5080 0 0 socket=udp:10.0.0.1:5060\n1 sip:192.0.2.10:5060 0 1 socket=udp:10.0.0.1:5060\n"
    )
    assert settled.htables["peer"] == dict.fromkeys(
        ("192.0.2.10:5060", "192.0.2.10", "192.0.2.11:5080", "192.0.2.11"), "cloud"
    )
    assert settled.htables["site"]["cloud_ms"] == "750", "two dead ones cost a caller what one does"
    unknown = tables(voice())
    assert unknown.dispatcher == ""
    assert "cloud_contact" not in unknown.htables["site"]


# -- messages -----------------------------------------------------------------------------------------------------------


def packet(asked: bytes, *records: bytes, code: int = 0) -> bytes:
    return asked[:2] + struct.pack("!5H", 0x8180 | code, 1, len(records), 0, 0) + asked[12:] + b"".join(records)


def a(address: str, ttl_s: int = 300) -> bytes:
    return struct.pack("!3HIH", 0xC00C, A, 1, ttl_s, 4) + IPv4Address(address).packed


def srv(priority: int, weight: int, port: int, target: bytes, ttl_s: int = 300) -> bytes:
    return struct.pack("!3HIH3H", 0xC00C, SRV, 1, ttl_s, 6 + len(target), priority, weight, port) + target


def test_addresses_and_services_are_read() -> None:
    asked = question(7, NAME, A)
    assert answer(packet(asked, a("192.0.2.10", 60)), asked).addresses == (Address(60, IPv4Address("192.0.2.10")),)
    asked = question(7, NAME, SRV)
    pointing = b"\x03pbx\xc0\x0c"  # pbx, then the name asked
    said = answer(packet(asked, srv(10, 5, 5080, pointing)), asked)
    assert said.services == (Service(300, 10, 5, 5080, f"pbx.{NAME}"),)
    assert answer(packet(asked, code=3), asked) == Answer(3)


def test_what_does_not_answer_the_question_is_no_answer() -> None:
    asked = question(7, NAME, A)
    good = packet(asked, a("192.0.2.10"))
    for wrong in (b"", good[:20], b"\0\0" + good[2:], asked, packet(question(7, "other.operateur.example", A))):
        with pytest.raises(NotAnAnswer):
            answer(wrong, asked)


def test_a_loop_of_pointers_ends() -> None:
    asked = question(7, NAME, SRV)
    loop = len(packet(asked)) + 12 + 6
    said = answer(packet(asked, srv(1, 1, 1, struct.pack("!H", 0xC000 | loop))), asked)
    assert said.services == ()


@given(st.binary(max_size=200))
def test_garbage_is_never_more_than_nothing(noise: bytes) -> None:
    asked = question(7, NAME, A)
    assert all(isinstance(one, Address) for one in answer(packet(asked) + noise, asked).addresses)


def test_services_are_used_by_priority_then_weight() -> None:
    late, light, heavy = (Service(1, p, w, 5060, t) for p, w, t in ((20, 9, "a"), (10, 1, "b"), (10, 5, "c")))
    assert in_order([late, light, heavy]) == [heavy, light, late]


# -- what is believed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255", "10.0.0.1"])
def test_what_nobody_has_and_what_we_are_is_never_the_cloud(lie: str) -> None:
    assert believed([place(lie)], [], voice()) == []


def test_an_answer_never_leads_further_inside_than_what_was_known() -> None:
    assert believed([place("192.168.1.1")], [], voice()) == [place("192.168.1.1")], "an operator's private network"
    assert believed([place("192.168.1.1")], [place("192.0.2.10")], voice()) == [], "a captive portal"
    assert believed([place("192.168.1.1"), place("192.0.2.11")], [place("192.0.2.10")], voice()) == [
        place("192.0.2.11")
    ]
    assert believed([place("192.0.2.10")], [place("192.168.1.1")], voice()) == [place("192.0.2.10")]


def test_loopback_is_believed_where_we_listen_there() -> None:
    here = voice(listen='listen = [{ address = "127.0.0.2" }]')
    assert believed([place("127.0.0.9")], [], here) == [place("127.0.0.9")]
    assert believed([place("127.0.0.2")], [], here) == [], "ourselves"


def test_not_more_than_three_are_used_and_none_twice() -> None:
    many = [place(f"192.0.2.{last}") for last in (1, 1, 2, 3, 4)]
    assert believed(many, [], voice()) == [place(f"192.0.2.{last}") for last in (1, 2, 3)]


def test_a_name_is_asked_again_after_its_time_to_live_within_bounds() -> None:
    assert [ask_again_in(ttl) for ttl in (0, 120, 10**9)] == [60, 120, 3600]


# -- what is kept -------------------------------------------------------------------------------------------------------


class Names:
    """A name server as the test wants it."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, int], Answer] = {}
        self.dead = False
        self.asked: list[tuple[str, int]] = []

    async def ask(self, name: str, kind: int) -> Answer:
        self.asked.append((name, kind))
        if self.dead:
            raise NoAnswer("no name server")
        return self.answers.get((name, kind), Answer(3))

    def says(self, *addresses: str, name: str = NAME) -> None:
        self.answers[name, A] = Answer(0, tuple(Address(300, IPv4Address(one)) for one in addresses))


def look_up(names: Names, folder: Path, settings: VoiceSection | None = None) -> CloudName:
    """A daemon that has just asked once."""

    async def once() -> CloudName:
        cloud = CloudName(folder / "kept.json", folder / "copy.json", names.ask)
        cloud.adopt(settings or voice())
        task = asyncio.create_task(cloud.run())
        for _ in range(100):
            await asyncio.sleep(0)
        task.cancel()
        return cloud

    return asyncio.run(once())


def raised(cloud: CloudName) -> list[str]:
    sight = Sight(answers=True, cloud=Cloud.ANSWERS)
    facts = Facts(datetime.now(UTC), voice(), State(), sight, naming=cloud.naming)
    return [check.ISSUE for check, _ in found(facts) if "cloud" in check.ISSUE]


def test_services_lead_to_addresses(tmp_path: Path) -> None:
    names = Names()
    services = (Service(300, 20, 0, 5080, "b.example"), Service(300, 10, 0, 5060, "a.example"))
    names.answers[f"_sip._udp.{NAME}", SRV] = Answer(0, services=services)
    names.says("192.0.2.10", "192.0.2.11", name="a.example")
    names.says("192.0.2.12", name="b.example")
    found = (place("192.0.2.10"), place("192.0.2.11"), place("192.0.2.12", 5080))
    assert look_up(names, tmp_path).naming.places == found


@pytest.mark.parametrize(
    ("trouble", "said", "issue"),
    [
        (Trouble.SILENT, None, "voice.cloud_name_silent"),
        (Trouble.UNKNOWN, (), "voice.cloud_name_unknown"),
        (Trouble.LIE, ("192.168.1.1",), "voice.cloud_name_lies"),
        (Trouble.LIE, ("127.0.0.1",), "voice.cloud_name_lies"),
    ],
)
def test_the_last_good_addresses_outlive_a_name_server_gone_bad_and_a_restart(
    tmp_path: Path, trouble: Trouble, said: tuple[str, ...] | None, issue: str
) -> None:
    names = Names()
    names.says("192.0.2.10")
    assert raised(look_up(names, tmp_path)) == []
    (tmp_path / "copy.json").unlink()  # the run folder is gone after a reboot
    names.dead = said is None
    names.says(*(said or ()))
    cloud = look_up(names, tmp_path)
    assert cloud.naming.places == (place("192.0.2.10"),)
    assert cloud.naming.trouble == trouble
    assert raised(cloud) == [issue]
    assert read_places(tmp_path / "copy.json", question_of(voice())) == (place("192.0.2.10"),)
    names.dead = False
    names.says("192.0.2.11")
    assert look_up(names, tmp_path).naming.places == (place("192.0.2.11"),)


def test_a_name_never_found_is_said(tmp_path: Path) -> None:
    cloud = look_up(Names(), tmp_path)
    assert cloud.naming.places == ()
    assert raised(cloud) == ["voice.cloud_never_found"]


def test_what_was_kept_for_another_name_or_is_damaged_is_not_used(tmp_path: Path) -> None:
    names = Names()
    names.says("192.0.2.10")
    look_up(names, tmp_path)
    names.dead = True
    assert look_up(names, tmp_path, voice("other.example")).naming.places == ()
    names.dead = False
    look_up(names, tmp_path)
    names.dead = True
    for damage in (b"", b"{", b"[]", b'{"question": 1, "places": 2}', b"\xff"):
        (tmp_path / "kept.json").write_bytes(damage)
        assert look_up(names, tmp_path).naming.places == ()


def test_a_full_disk_does_not_keep_the_addresses_from_use(tmp_path: Path) -> None:
    names = Names()
    names.says("192.0.2.10")
    assert look_up(names, tmp_path / "not there").naming.places == (place("192.0.2.10"),)


# -- asking -------------------------------------------------------------------------------------------------------------


@contextmanager
def server(address: str, *replies: bytes | None) -> Iterator[None]:
    """Answers each question with these, put behind its identifier."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 53))
        sock.settimeout(20)

        def serve() -> None:
            try:
                while True:
                    asked, source = sock.recvfrom(512)
                    for reply in replies:
                        if reply is not None:
                            sock.sendto(asked[:2] + reply[2:], source)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield


def test_the_first_server_that_says_something_is_believed_and_a_guess_is_not() -> None:
    asked = question(0, NAME, A)
    refusing = packet(asked, code=5)
    guess = packet(question(0, "other.example", A), a("203.0.113.66"))
    with server("127.0.0.71", refusing), server("127.0.0.72", guess, packet(asked, a("192.0.2.10"))):
        servers = [IPv4Address("127.0.0.70"), IPv4Address("127.0.0.71"), IPv4Address("127.0.0.72")]
        said = asyncio.run(ask(servers, NAME, A))
        assert [one.address for one in said.addresses] == [IPv4Address("192.0.2.10")]
        with pytest.raises(NoAnswer, match=r"127\.0\.0\.71: code 5"):
            asyncio.run(ask(servers[:2], NAME, A))
    with pytest.raises(NoAnswer, match="no name server"):
        asyncio.run(ask([], NAME, A))


def test_the_resolvers_of_the_carrying_link_come_before_the_machine_s_own(tmp_path: Path) -> None:
    first, second = tmp_path / "resolv.conf", tmp_path / "etc"
    second.write_text("nameserver 192.0.2.53\n")
    assert name_servers(first, second) == [IPv4Address("192.0.2.53")]
    first.write_text("# none\nnameserver 2001:db8::1\nnameserver 300.1.1.1\n")
    assert name_servers(first, second) == [IPv4Address("192.0.2.53")]
    first.write_text("search x\nnameserver 198.51.100.53\nnameserver 198.51.100.54 \n")
    assert name_servers(first, second) == [IPv4Address("198.51.100.53"), IPv4Address("198.51.100.54")]
