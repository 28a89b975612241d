"""Every daemon, started alone with an empty document, as the reference client meets it; and a caller without the right."""

from __future__ import annotations

import pwd
import subprocess
import sys

import pytest
import varlink

from edge.shared.daemons import DAEMONS
from edge.shared.varlink_idl import Interface
from hil.rig.daemon import LocalRoot

SPEAKERS = [name for name, daemon in DAEMONS.items() if daemon.varlink]

SITE = """
[site]
name = "Mairie de Test"
[web]
port = 18999
"""

# Run by another user: asks one method and says how it was answered.
ASK = """
import sys, varlink
address, interface, method = sys.argv[1:4]
with varlink.Client("unix:" + address) as client, client.open(interface) as connection:
    try:
        getattr(connection, method)()
    except varlink.VarlinkError as error:
        print(error.error())
    else:
        print("answered")
"""


@pytest.mark.parametrize("name", SPEAKERS)
def test_it_starts_alone_speaks_varlink_and_stops_cleanly(
    root: LocalRoot, name: str, all_interfaces: dict[str, Interface]
) -> None:
    root.write_site(SITE)
    daemon = root.start(name)
    interface = all_interfaces[f"fr.repli.{name}"]
    with varlink.Client(f"unix:{root.paths.socket(name)}") as client:
        assert set(client.get_interfaces()) == {"org.varlink.service", interface.name}
        described = client.get_interface(interface.name)
        assert described.get_description() == interface.text()
        with client.open(interface.name) as connection:
            status = connection.Status()
    assert status["daemon"] == name
    assert status["state"] in {"ok", "degraded"}
    assert daemon.stop() == 0, daemon.log.read_text()
    assert not root.paths.socket(name).exists()


def run_as(user: str, program: str, *arguments: str) -> str:
    """What a Python program prints that another user runs."""
    facts = pwd.getpwnam(user)
    drop = ["setpriv", f"--reuid={facts.pw_uid}", f"--regid={facts.pw_gid}", "--clear-groups", "--"]
    command = [*drop, sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def ask_as(user: str, root: LocalRoot, daemon: str, method: str) -> str:
    return run_as(user, ASK, str(root.paths.socket(daemon)), f"fr.repli.{daemon}", method)


def test_a_caller_without_the_right_is_refused(root: LocalRoot) -> None:
    root.write_site(SITE)
    root.start("settings")
    denied = "org.varlink.service.PermissionDenied"
    assert ask_as("repli-web", root, "settings", "Status") == "answered"
    assert ask_as("repli-web", root, "settings", "Schema") == "answered"
    assert ask_as("repli-web", root, "settings", "Get") == denied  # the whole document holds the phones' passwords
    assert ask_as("repli-modem", root, "settings", "Schema") == denied
    assert ask_as("nobody", root, "settings", "Status") == denied


WATCH = """
import sys, varlink
address, section = sys.argv[1:3]
with varlink.Client("unix:" + address) as client, client.open("fr.repli.settings") as connection:
    try:
        print(sorted(next(connection.Watch(section=section or None, _more=True))["settings"]))
    except varlink.VarlinkError as error:
        print(error.error())
"""


@pytest.mark.parametrize(
    ("user", "section", "answer"),
    [
        ("root", "", "['site', 'voice', 'web']"),
        ("repli-web", "web", "['site', 'web']"),
        ("repli-web", "voice", "org.varlink.service.PermissionDenied"),
        ("repli-web", "", "org.varlink.service.PermissionDenied"),
        ("kamailio", "voice", "['site', 'voice']"),
    ],
)
def test_a_daemon_watches_its_own_section_only(root: LocalRoot, user: str, section: str, answer: str) -> None:
    root.write_site(SITE + "[voice]\nanswer_timeout_ms = 900\n")
    root.start("settings")
    assert run_as(user, WATCH, str(root.paths.socket("settings")), section) == answer
