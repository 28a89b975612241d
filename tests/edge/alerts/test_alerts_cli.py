"""repli alerts, as a technician types it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.cli.verbs.alerts import decode
from hil.rig.daemon import LocalRoot


@pytest.fixture
def box(root: LocalRoot, town_hall: str, scripted_modem: Any) -> LocalRoot:
    root.write_site(town_hall)
    root.start("alerts")
    return root


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("é".encode(), ("é", "UTF-8")),
        (b"\xef\xbb\xbf" + "é".encode(), ("é", "UTF-8")),
        ("Prénom;œuvre €".encode("cp1252"), ("Prénom;œuvre €", "Windows-1252")),
        ("é;".encode("utf-16"), ("é;", "UTF-16")),
        ("Nom;é".encode("utf-16-le"), ("Nom;é", "UTF-16")),
        ("Nom;é".encode("utf-16-be"), ("Nom;é", "UTF-16")),
        (b"\x81\xe9", ("\ufffdé", "Windows-1252")),
    ],
)
def test_encodings_of_spreadsheets(content: bytes, expected: tuple[str, str]) -> None:
    assert decode(content) == expected


def test_import_says_encoding_and_faults_by_line(box: LocalRoot, tmp_path: Path) -> None:
    file = tmp_path / "agents.csv"
    file.write_bytes(
        "Nom;Prénom;Portable;Liste(s)\nDupré;Zoé;0612345678;Élus\nB;;;\nC;;18;\nD;;0612;\n".encode("cp1252")
    )
    done = box.repli("alerts", "import", str(file))
    assert done.returncode == 1
    assert "Windows-1252" in done.stdout
    assert "Personnes ajoutées : 1" in done.stdout
    assert "ligne 3 : aucun numéro" in done.stdout
    assert "ligne 4 : numéro d'urgence" in done.stdout
    assert "ligne 5 : numéro refusé dans « Portable » : numéro court" in done.stdout
    body = json.loads(box.repli("alerts", "import", str(file), "--json").stdout)
    assert (body["schema"], body["encoding"], body["unchanged"]) == (1, "Windows-1252", 1)
    assert [fault["path"] for fault in body["faults"]] == ["line 3", "line 4", "line 5"]


def test_a_clean_file_exits_zero_and_a_missing_one_two(
    box: LocalRoot, tmp_path: Path, people: Callable[..., str]
) -> None:
    file = tmp_path / "agents.csv"
    file.write_text(people(3), encoding="utf-8")
    assert box.repli("alerts", "import", str(file)).returncode == 0
    assert box.repli("alerts", "import", str(tmp_path / "none.csv")).returncode == 2


def test_send_show_list(box: LocalRoot, tmp_path: Path, people: Callable[..., str], scripted_modem: Any) -> None:
    file = tmp_path / "agents.csv"
    file.write_text(people(3), encoding="utf-8")
    box.repli("alerts", "import", str(file))
    sent = json.loads(box.repli("alerts", "send", "crue", "--request-id", "x1", "--json").stdout)
    again = json.loads(box.repli("alerts", "send", "crue", "--request-id", "x1", "--json").stdout)
    assert (sent["schema"], sent["campaign"]["number"], sent["repeated"], again["repeated"]) == (1, 1, False, True)
    scripted_modem.wait_handed(3)
    shown = json.loads(box.repli("alerts", "show", "1", "--json").stdout)
    assert shown["schema"] == 1
    assert shown["campaign"]["counts"]["people"] == 3
    assert [delivery["number"] for delivery in shown["deliveries"]] == [f"+3360000000{x}" for x in range(3)]
    deadline = time.monotonic() + 30  # what became of them is told after they were taken
    while "Personnes : 3, Envoyé : 3" not in (said := box.repli("alerts", "show", "1").stdout):
        assert time.monotonic() < deadline, said
    assert "Inondation" in box.repli("alerts", "list").stdout
    assert "crue" in box.repli("alerts", "scenarios").stdout
    assert "Élus" in box.repli("alerts", "lists").stdout
    missing = box.repli("alerts", "show", "9")
    assert (missing.returncode, missing.stderr.strip()) == (2, "Il n'y a pas d'alerte n° 9.")
    assert box.repli("alerts", "send", "feu").returncode == 2


def test_without_an_id_one_is_made_and_said(box: LocalRoot, tmp_path: Path, people: Callable[..., str]) -> None:
    file = tmp_path / "agents.csv"
    file.write_text(people(1), encoding="utf-8")
    box.repli("alerts", "import", str(file))
    first = box.repli("alerts", "send", "tous", "--exercise", "--json")
    body = json.loads(first.stdout)
    assert body["campaign"]["request_id"] in first.stderr
    assert body["campaign"]["text"].startswith("EXERCICE")
