"""What is printed: nothing acts on the terminal, and a reader that has enough is no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli.output import print_table
from hil.rig.daemon import LocalRoot


def test_a_reply_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Personne", "Texte reçu"), [("Zoé\x1b]0;titre\x07", "ok\r\x9b2J\u202e")])
    printed = capsys.readouterr().out
    assert all(letter.isprintable() or letter == "\n" for letter in printed)
    assert "Zoé\\x1b]0;titre" in printed


@pytest.mark.parametrize("arguments", ["--help", "status --help", "settings schema"])
def test_a_reader_that_has_enough_is_no_error(root: LocalRoot, arguments: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m edge.cli {arguments} | true; echo ${{PIPESTATUS[0]}}"],
        env=root.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_files_that_cannot_be_read_are_named_in_plain_words(root: LocalRoot, tmp_path: Path) -> None:
    folder = root.repli("alerts", "import", str(tmp_path))
    assert (folder.returncode, folder.stderr) == (2, f"{tmp_path} : c'est un dossier, pas un fichier\n")
    full = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m edge.cli settings schema > /dev/full"],
        env=root.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (full.returncode, full.stderr) == (2, "plus de place sur le disque\n")
    absent = root.repli("alerts", "import", str(tmp_path / "x"))
    assert (absent.returncode, absent.stderr) == (2, f"{tmp_path / 'x'} : n'existe pas\n")
