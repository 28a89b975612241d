"""`repli settings ...` in plain words, with and without a daemon."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hil.rig.daemon import LocalRoot

RIGHT = '# kept as written\n[site]\nname = "Un"\n'
WRONG = '[web]\nport = "80"\n[uplinks]\nlinkz = []\n'


@pytest.fixture
def box(root: LocalRoot) -> LocalRoot:
    root.write_site(RIGHT)
    root.start("settings")
    return root


def file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "new.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_check(root: LocalRoot, tmp_path: Path) -> None:
    right = root.repli("settings", "check", file(tmp_path, RIGHT))
    assert (right.returncode, right.stdout.strip()) == (0, "Réglages corrects.")
    wrong = root.repli("settings", "check", file(tmp_path, WRONG))
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines() == [
        "uplinks.linkz : réglage inconnu",
        "web.port : « 80 » : un nombre entier est attendu, sans guillemets",
    ]


def test_check_for_programs(root: LocalRoot, tmp_path: Path) -> None:
    done = json.loads(root.repli("settings", "check", "--json", file(tmp_path, WRONG)).stdout)
    assert (done["schema"], done["ok"]) == (1, False)
    assert {(fault["path"], fault["kind"]) for fault in done["faults"]} == {
        ("web.port", "int_type"),
        ("uplinks.linkz", "extra_forbidden"),
    }


@pytest.mark.parametrize(
    ("document", "code", "said"),
    [
        (RIGHT.encode(), 0, "Réglages corrects."),
        (b"[site\n", 1, "n'est pas du TOML à la ligne 1"),
        (b"name = '\xff'", 1, "n'est pas du texte UTF-8"),
    ],
)
def test_check_reads_standard_input(root: LocalRoot, document: bytes, code: int, said: str) -> None:
    command = [sys.executable, "-m", "edge.cli", "settings", "check", "-"]
    done = subprocess.run(command, input=document, env=root.environment, capture_output=True, check=False)
    assert done.returncode == code
    assert said in (done.stdout + done.stderr).decode()


def test_check_of_no_file(root: LocalRoot) -> None:
    done = root.repli("settings", "check", "/no/such/file")
    assert done.returncode == 1
    assert "/no/such/file : ne peut pas être lu" in done.stderr


def test_apply_show_confirm(box: LocalRoot, tmp_path: Path) -> None:
    document = '# deux\n[site]\nname = "Deux"\n'
    applied = box.repli("settings", "apply", file(tmp_path, document), "--confirm-within", "60", "--request-id", "a")
    assert applied.returncode == 0, applied.stderr
    assert "Réglages n° 2 en vigueur." in applied.stdout
    assert "repli settings confirm" in applied.stdout
    again = box.repli("settings", "apply", file(tmp_path, document), "--request-id", "a", "--json")
    assert json.loads(again.stdout)["revision"] == 2
    assert box.repli("settings", "show").stdout == document
    assert box.repli("settings", "confirm").stdout.strip() == "Réglages n° 2 gardés."
    nothing = box.repli("settings", "confirm")
    assert (nothing.returncode, nothing.stderr.strip()) == (2, "Aucun réglage n'attend de confirmation.")


def test_apply_of_a_wrong_document_names_every_fault(box: LocalRoot, tmp_path: Path) -> None:
    done = box.repli("settings", "apply", file(tmp_path, WRONG))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert box.repli("settings", "show").stdout == RIGHT


def test_apply_without_the_daemon_says_who_does_not_answer(root: LocalRoot, tmp_path: Path) -> None:
    done = root.repli("settings", "apply", file(tmp_path, RIGHT))
    assert done.returncode == 2
    assert "« settings » ne répond pas" in done.stderr


def test_english(root: LocalRoot, tmp_path: Path) -> None:
    environment = {**root.environment, "REPLI_LANG": "en"}
    command = [sys.executable, "-m", "edge.cli", "settings", "check", file(tmp_path, WRONG)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[0] == "uplinks.linkz: unknown setting"
