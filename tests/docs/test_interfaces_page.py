"""docs/interfaces.md: each line names a test that exists; files, examples, schema and JSON are as the page says."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shared.daemons import DAEMONS
from edge.shared.section import read_site
from hil.rig.alone import Appliance
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.waiting import wait_for

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs/interfaces.md"
EXAMPLES = TOP / "docs/examples"

# What the page promises below the root; NAME is a daemon.
FILES = [
    r"etc/repli/site\.toml",
    r"run/repli/(settings|uplinks|pppd|modem|voice|alerts|web|notify|run\.json|run\.lock)",
    r"run/repli/(dnsmasq/dnsmasq|chrony/chrony)\.conf",
    r"run/repli/chrony/pid",
    r"run/repli/kamailio/(rpc|start\.cfg|dispatcher\.list|cookie|mode|cloud-places\.json|voice-\d+|(tables|location)\.sqlite(-journal|-wal|-shm)?)",
    r"run/repli/kamailio/records/(current|[0-9a-f]{16}/calls_\d+\.log(\.\d+)?)",
    r"var/lib/repli/(\w+/last-known-good|voice/cloud-places)\.json",
    r"var/lib/repli/(dnsmasq/leases|chrony/drift)",
    r"var/lib/repli/settings/revisions\.json(\.good)?",
    r"var/lib/repli/web/(sessions|pins)\.json(\.good)?",
    r"var/lib/repli/registrations/location\.sqlite",
    r"var/lib/repli/uplinks/probe-volume\.json",
    r"var/lib/repli/(modem/modem|alerts/alerts|uplinks/history|voice/calls)\.db(-shm|-wal|\.lock)?",
]


def rows() -> list[str]:
    """The lines of the tables of promises; other tables say details of one of them."""
    found: list[str] = []
    promises = False
    for line in PAGE.read_text().splitlines():
        if not line.startswith("| "):
            promises = False
        elif line.startswith("| what |"):
            promises = True
        elif promises and not line.startswith("| --- |"):
            found.append(line)
    return found


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_each_line_names_a_test_that_exists(row: str) -> None:
    last = re.split(r"(?<!\\)\|", row)[-2]
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", last)
    assert named, "no test named"
    for path, function in named:
        text = (TOP / path).read_text()
        assert not function or f"def {function}(" in text, f"{path} has no {function}"


@pytest.fixture(scope="module")
def full() -> Iterator[Appliance]:
    """Everything runs, telephony included."""
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    with Appliance(folder, f"page-{folder.name[2:]}") as box:
        box.write_site("".join((EXAMPLES / f"{name}.toml").read_text() for name in ("voice", "alerts", "lan")))
        box.start()
        wait_for((folder / "var/lib/repli/registrations/location.sqlite").exists, "the registrations copied")
        yield box
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.town
def test_every_file_of_a_running_appliance_is_on_the_page(full: Appliance) -> None:
    def found() -> set[str]:
        return {str(path.relative_to(full.folder)) for path in full.folder.rglob("*") if not path.is_dir()}

    # A document being written has a name of its own for a moment: what is there twice stays.
    stays = found() & found() - {"run.log"}  # the rig's
    assert not [path for path in stays if not any(re.fullmatch(pattern, path) for pattern in FILES)]
    for pattern in FILES:
        if "web/" not in pattern:
            assert any(re.fullmatch(pattern, path) for path in stays), pattern


@pytest.mark.town
@pytest.mark.parametrize(
    "command",
    [
        "status",
        "wait",
        "settings show",
        "uplinks list",
        "uplinks history",
        "uplinks graph",
        "uplinks budget",
        "uplinks probe",
        "uplinks firewall",
        "modem status",
        "modem outbox",
        "modem inbox",
        "modem sim",
        "modem signal",
        "alerts list",
        "alerts scenarios",
        "alerts lists",
        "time",
        "voice mode",
        "voice phones",
        "voice calls",
        "voice stats",
        "voice trunks",
        "voice bans",
        "voice redirect",
        "voice explain 101 102",
    ],
)
def test_json_carries_its_schema(full: Appliance, command: str) -> None:
    done = full.repli(*command.split(), "--json")
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["schema"] == 1


@pytest.mark.parametrize("name", [name for name, daemon in DAEMONS.items() if daemon.varlink and name != "uplinks"])
def test_each_daemon_starts_alone_with_its_example(root: LocalRoot, name: str) -> None:
    root.write_site((EXAMPLES / f"{name}.toml").read_text().replace("8080", "18997"))
    assert root.start(name).stop() == 0


@pytest.mark.town
def test_uplinks_starts_alone_with_its_example() -> None:
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    with Appliance(folder, f"page-{folder.name[2:]}", only="uplinks") as box:
        box.write_site((EXAMPLES / "uplinks.toml").read_text())
        box.start()
        listed = json.loads(box.repli("uplinks", "list", "--json").stdout)
        assert [link["name"] for link in listed["uplinks"]] == ["fibre", "lte"]
        assert box.stop() == 0
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_each_example_is_right(example: Path) -> None:
    read_site(example)


def test_the_published_schema_is_current(root: LocalRoot) -> None:
    printed = root.repli("settings", "schema")
    assert printed.returncode == 0
    published = TOP / "docs/site.schema.json"
    assert published.read_text() == printed.stdout, "run: scripts/docs"


def test_every_setting_is_described() -> None:
    schema = json.loads((TOP / "docs/site.schema.json").read_text())
    silent = [
        f"{section}.{name}"
        for section, body in schema["$defs"].items()
        for name, setting in body.get("properties", {}).items()
        if not describes(setting, schema)
    ]
    assert not silent


def describes(setting: dict, schema: dict) -> bool:
    """A setting says what it is, or the type it refers to does."""
    if setting.get("description"):
        return True
    text = json.dumps(setting)
    return any(schema["$defs"][name].get("description") for name in re.findall(r"#/\$defs/(\w+)", text))


def test_the_command_line_on_the_page_exists(root: LocalRoot) -> None:
    for subject in set(re.findall(r"`repli (\w+)", PAGE.read_text())):
        assert root.repli(subject, "--help").returncode == 0, subject


def test_nothing_else_is_needed_to_parse_the_examples() -> None:
    """The examples name no address but those kept for documentation (RFC 5737) and loopback."""
    for example in EXAMPLES.glob("*.toml"):
        for address in re.findall(r"\d+\.\d+\.\d+\.\d+", example.read_text()):
            assert address.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "127.")), (example.name, address)
