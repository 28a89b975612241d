"""Settings as Kamailio's tables and start-up values; numbers and where they lead."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from edge.shared.model.voice import Listen, VoiceSection
from edge.shared.paths import Paths, SocketPathTooLong
from edge.shared.section import SettingsRefused, parse_site
from edge.voice.addresses import missing_addresses
from edge.voice.dialplan import unreachable
from edge.voice.kamailio.prepare import prepare
from edge.voice.kamailio.startup import CFG, RunFolder, render, start_digest
from edge.voice.kamailio.tables_file import write_next
from edge.voice.sockets import listening, name, own_place
from edge.voice.tables import TABLES, tables, unprotected

HA1 = hashlib.md5(b"101:mairie.example:secret").hexdigest()

DOCUMENT = """
[voice]
domain = "mairie.example"
listen = [{ address = "10.0.0.1" }, { address = "127.0.0.1", port = 5070 }]
cloud = { address = "198.51.100.9", port = 5080, transport = "tcp" }
[[voice.trunks]]
name = "a"
address = "198.51.100.20"
[[voice.trunks]]
name = "b"
address = "127.0.0.1"
port = 5090
[[voice.extensions]]
number = "101"
password = "secret"
[[voice.extensions]]
number = "102"
ha1 = "ABCDEF0123456789ABCDEF0123456789"
[[voice.extensions]]
number = "112"
"""


def voice(document: str = DOCUMENT) -> VoiceSection:
    return parse_site(document).voice


def test_ha1_is_made_with_the_realm_and_given_ones_are_kept() -> None:
    assert tables(voice()).htables["secret"] == {"101": HA1, "102": "abcdef0123456789abcdef0123456789"}
    other = tables(voice(DOCUMENT.replace("[voice]\n", '[voice]\nrealm = "asterisk"\n')))
    assert other.htables["secret"]["101"] == hashlib.md5(b"101:asterisk:secret").hexdigest()
    assert unprotected(voice()) == ["112"]


def test_no_password_is_in_the_tables() -> None:
    assert "secret" not in str({name: rows for name, rows in tables(voice()).htables.items() if name != "secret"})
    assert "'secret'" not in str(list(tables(voice()).htables["secret"].values()))


def test_emergency_goes_to_the_trunks_in_order_then_the_cloud() -> None:
    rows = tables(voice()).htables
    way, trunk = rows["way"], rows["trunk"]
    names = [way[f"emergency::{n}"] for n in range(3)]
    assert names == ["a", "b", "@cloud"]
    assert [trunk[f"{name}::to"] for name in names] == [
        "198.51.100.20:5060",
        "127.0.0.1:5090",
        "198.51.100.9:5080;transport=tcp",
    ]
    assert (trunk["b::kind"], trunk["@cloud::kind"], trunk["@cloud::host"]) == ("ip", "cloud", "mairie.example")
    assert "outside::2" not in way
    named = tables(voice(DOCUMENT + '[voice.emergency]\nnumbers = ["112"]\ntrunks = ["b"]\n')).htables
    assert (named["way"]["emergency::0"], named["way"]["emergency::1"]) == ("b", "@cloud")


def test_only_some_emergencies_end_another_call() -> None:
    rows = tables(voice()).htables["emergency"]
    ending = {number.removeprefix("preempts::") for number in rows if number.startswith("preempts::")}
    assert ending == {"112", "15", "17", "18", "114"}


def test_each_peer_is_spoken_to_from_a_socket_that_reaches_it() -> None:
    trunk = tables(voice()).htables["trunk"]
    assert trunk["a::socket"] == "udp:10.0.0.1:5060"
    assert trunk["b::socket"] == "udp:127.0.0.1:5070"
    # The cloud speaks TCP and the phones do not: one more socket.
    assert "tcp:10.0.0.1:5060" in [name(one) for one in listening(voice())]


def test_the_cloud_and_every_trunk_have_a_set_of_their_own() -> None:
    """Failover works inside one set (trap 11); which way follows which is not the dispatcher's to say."""
    assert tables(voice()).dispatcher.splitlines() == [
        "1 sip:198.51.100.9:5080;transport=tcp 0 0 socket=tcp:10.0.0.1:5060",
        "2 sip:198.51.100.20:5060 0 0 socket=udp:10.0.0.1:5060",
        "3 sip:127.0.0.1:5090 0 0 socket=udp:127.0.0.1:5070",
    ]
    unprobed = tables(voice(DOCUMENT.replace('name = "a"', 'name = "a"\nprobe = false')))
    assert [line.split()[0] for line in unprobed.dispatcher.splitlines()] == ["1", "3"]
    assert "a::set" not in unprobed.htables["trunk"]


def test_on_loopback_only_the_port_tells_who_speaks() -> None:
    peer = tables(voice()).htables["peer"]
    assert (peer["198.51.100.9"], peer["198.51.100.20"], peer["127.0.0.1:5090"]) == (
        "cloud",
        "trunk:a",
        "trunk:b",
    )
    assert "127.0.0.1" not in peer


def test_start_up_values_are_told_from_the_rest(tmp_path: Path) -> None:
    first = voice()
    assert start_digest(first) == start_digest(voice(DOCUMENT.replace('"secret"', '"other"')))
    assert start_digest(first) != start_digest(voice(DOCUMENT.replace("10.0.0.1", "10.0.0.2")))
    text = render(first, RunFolder(tmp_path), "cookie", "start")
    assert "listen=udp:10.0.0.1:5060" in text
    assert "secret" not in text.lower().replace("cookie_secret", "")


def test_what_kamailio_starts_from_is_written_whole(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    prepare(voice(), tables(voice()), files, tmp_path / "copy.sqlite")
    cookie = files.cookie_file.read_text()
    with sqlite3.connect(files.location_db) as database:
        database.execute("INSERT INTO location (ruid, username, contact) VALUES ('r', '101', 'sip:x')")
    prepare(voice(), tables(voice()), files, tmp_path / "copy.sqlite")
    with sqlite3.connect(files.location_db) as database:
        assert database.execute("SELECT username FROM location").fetchall() == [("101",)]
    with sqlite3.connect(files.tables_db) as database:
        version = tables(voice()).version
        assert dict(database.execute("SELECT key_name, key_value FROM emergency"))[f"{version}::112"] == "112"
        run = dict(database.execute("SELECT key_name, key_value FROM run"))
        assert (run["mode"], run["version"]) == ("cloud", version)
    assert files.cookie_file.read_text() == cookie, "calls in progress keep their cookie"
    assert files.tables_db.stat().st_mode & 0o007 == 0, "secrets are not for everybody"


def test_without_a_cloud_pbx_it_starts_on_its_own(tmp_path: Path) -> None:
    """With edge.voice dead nobody corrects it: the first call would look for a cloud PBX, and be recorded so."""
    files = RunFolder(tmp_path)
    alone = voice().model_copy(update={"cloud": None})
    assert tables(alone).dispatcher, "its trunks are probed"
    prepare(alone, tables(alone), files, tmp_path / "copy.sqlite")
    assert rows(files, "run")["mode"] == "local"


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe", b"loc", b"local\n"])
def test_a_damaged_memory_of_the_mode_keeps_nobody_from_the_telephone(tmp_path: Path, damaged: bytes) -> None:
    files = RunFolder(tmp_path)
    files.mode.write_bytes(damaged)
    prepare(voice(), tables(voice()), files, tmp_path / "copy.sqlite")
    assert rows(files, "run")["mode"] == "cloud"


def test_the_box_speaks_to_itself_from_inside() -> None:
    """Outside sixty questions of its own would get its own address blocked."""
    inside, outside = Listen(address="10.78.0.1"), Listen(address="10.78.0.2", outside=True)
    both = voice().model_copy(update={"listen": [outside, inside]})
    assert own_place(both) == inside
    assert own_place(both.model_copy(update={"listen": [outside]})) == outside
    assert own_place(both.model_copy(update={"listen": []})) is None


def rows(files: RunFolder, table: str) -> dict[str, str]:
    with closing(sqlite3.connect(files.tables_db)) as database:
        return dict(database.execute(f"SELECT key_name, key_value FROM {table}"))


def test_a_push_keeps_the_version_in_force_beside_the_next_one_and_no_other(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    first, second, third = (tables(voice(DOCUMENT.replace('"secret"', f'"{word}"'))) for word in "abc")
    prepare(voice(), first, files, tmp_path / "copy.sqlite")
    run = rows(files, "run")
    write_next(second, files, first.version)
    write_next(third, files, second.version)
    assert set(rows(files, "secret")) == {
        f"{one.version}::{number}" for one in (second, third) for number in ("101", "102")
    }
    # A Kamailio that starts from the file in the middle of it all starts as its launcher meant, by the newest version.
    assert rows(files, "run") == {**run, "version": third.version}


def test_the_same_settings_have_the_same_version() -> None:
    assert tables(voice()).version == tables(voice()).version
    assert tables(voice()).version != tables(voice(DOCUMENT.replace('"secret"', '"other"'))).version


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = files.tables_db.with_name(f"{files.tables_db.name}.{gone.pid}")
    left.write_bytes(b"half")
    prepare(voice(), tables(voice()), files, tmp_path / "copy.sqlite")
    assert not left.exists()


def test_every_look_into_a_table_names_the_version() -> None:
    """A key without it finds nothing, and says nothing."""
    for cfg in CFG.parent.glob("*.cfg"):
        looks = re.findall(r"\$sht\((\w+)=>(\S*)", cfg.read_text(encoding="utf-8"))
        without = [(table, key) for table, key in looks if table in TABLES and not key.startswith("$avp(version)::")]
        assert not without, f"{cfg.name}: write $sht(TABLE=>$avp(version)::KEY)"


def test_no_two_flags_of_a_transaction_are_one() -> None:
    """Two that two people added on one day would each mean both."""
    text = "".join(cfg.read_text(encoding="utf-8") for cfg in CFG.parent.glob("*.cfg"))
    flags = dict(re.findall(r"#!define (FLT_\w+) (\d+)", text))
    assert len(flags) > 10
    assert len(set(flags.values())) == len(flags), flags


def test_a_socket_path_too_long_is_refused() -> None:
    with pytest.raises(SocketPathTooLong):
        RunFolder.of(Paths(Path("/" + "x" * 100))).rpc_socket  # noqa: B018 - the property raises


def test_emergency_comes_before_extensions() -> None:
    assert unreachable(voice()) == ["112"]


def test_an_address_that_is_not_there_is_said() -> None:
    document = '[voice]\nlisten = [{ address = "127.0.0.9" }, { address = "203.0.113.250" }]\n'
    assert missing_addresses(voice(document).listen) == ["203.0.113.250"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ('listen = [{ address = "0.0.0.0" }]', "voice.listen[0].address"),
        ('domain = "a b"', "voice.domain"),
        ('domain = "x\\"; exec"', "voice.domain"),
        ('realm = "a\\"b"', "voice.realm"),
        ('networks = ["10.0.0.1/24"]', "voice.networks[0]"),
    ],
)
def test_what_could_not_be_rendered_is_refused(wrong: str, path: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        parse_site(f"[voice]\n{wrong}\n")
    assert [fault.path for fault in refused.value.faults] == [path]
