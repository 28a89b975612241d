"""What the daemon keeps in memory begins with what it imports (ADR 0091)."""

from __future__ import annotations

import subprocess
import sys

DAEMON = "import edge.uplinks.main, sys\n"
# Each was there once: megabytes of what a router never uses.
NEVER = [
    "pyroute2.ndb",
    "pyroute2.ipdb",
    "pyroute2.plan9",
    "pyroute2.ethtool",
    "psutil",
    "unittest.case",
    "argparse",
    "http",
]


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_daemon_imports_nothing_it_never_uses() -> None:
    assert python(f"{DAEMON}print(*[name for name in {NEVER} if name in sys.modules])").split() == []


def test_whoever_asks_for_the_whole_of_pyroute2_or_unittest_finds_it() -> None:
    asks = "from pyroute2 import NDB, NetNS, netns\nfrom unittest import TestCase, mock\nimport pyroute2\n"
    found = python(
        f"{DAEMON}{asks}print(NDB.__module__, pyroute2.__name__, TestCase.__module__, hasattr(pyroute2, 'x'))"
    )
    assert found.split() == ["pyroute2.ndb.main", "pyroute2", "unittest.case", "False"]


def test_nothing_is_exchanged_under_somebody_who_has_the_whole_already() -> None:
    same = "before is sys.modules['pyroute2'], before.AsyncIPRoute is edge.uplinks.netlink.AsyncIPRoute"
    assert python(f"import pyroute2 as before\n{DAEMON}print({same})").split() == ["True", "True"]
