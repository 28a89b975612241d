"""Each subject of `repli` is found alone, by the name of its module, and all of them where none is named."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

from edge.cli import verbs
from edge.cli.main import parser

SUBJECTS = [module.name for module in pkgutil.iter_modules(verbs.__path__)]

LOADED = """
import sys
from edge.cli.main import main
sys.argv = ["repli", "time", "--help"]
try:
    main()
except SystemExit:
    print(*sys.modules)
"""


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("named", [True, False])
def test_a_subject_is_found(subject: str, named: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        parser(subject if named else "").parse_args([subject, "--help"])
    assert done.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: repli {subject} ")


@pytest.mark.parametrize("subject", ["", "--help", "telephone", "../modem"])
def test_where_none_is_named_every_subject_is_listed(subject: str) -> None:
    listed = parser(subject).format_help()
    assert all(f"    {name} " in listed for name in SUBJECTS)


def test_one_subject_does_not_load_the_others() -> None:
    """`repli` runs on a slow box, and pages of tests wait for it."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "edge.cli.verbs.time" in loaded
    assert "edge.cli.verbs.modem" not in loaded
    assert "edge.shared.messages.voice" not in loaded
