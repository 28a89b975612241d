"""repli voice explain: by the running settings, or by the file alone when voice is dead."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cli.voice_explain import _EXPLAIN_REASONS
from hil.rig.daemon import LocalRoot

VOICE = Path(__file__).parents[3] / "edge/voice"

SETTINGS = """
[voice]
domain = "mairie.example"
cloud = { address = "198.51.100.9" }
listen = [{ address = "127.0.0.1", port = 5999 }]
[[voice.trunks]]
name = "pstn"
address = "198.51.100.20"
[[voice.extensions]]
number = "101"
password = "a"
forward = { busy = "600", no_answer = "0611223344" }
[[voice.extensions]]
number = "102"
password = "b"
may_call = ["internal"]
[[voice.groups]]
number = "600"
members = ["101", "102"]
order = "round_robin"
"""


@pytest.fixture
def root() -> Iterator[LocalRoot]:
    folder = Path(tempfile.mkdtemp(prefix="e-", dir="/tmp"))
    folder.chmod(0o755)
    one = LocalRoot(folder / "root")
    one.write_site(SETTINGS)
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)


def explained(root: LocalRoot, *arguments: str) -> dict[str, object]:
    result = root.repli("voice", "explain", *arguments, "--json")
    assert result.stdout, result.stderr
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def test_it_says_by_which_settings_and_every_step(root: LocalRoot) -> None:
    dead = explained(root, "102", "101", "--mode", "local", "--at", "2026-12-25T10:00+01:00")
    assert (dead["source"], dead["mode"], dead["at"]) == ("file", "local", "2026-12-25T10:00:00+01:00")
    root.start("voice")
    alive = explained(root, "102", "101", "--mode", "local", "--at", "2026-12-25T10:00+01:00")
    assert alive.pop("source") == "running"
    assert dead.pop("source") == "file"
    assert alive == dead
    steps = alive["steps"]
    assert isinstance(steps, list)
    assert [(step["action"], step["targets"], step["busy"], step["otherwise"]) for step in steps] == [
        ("ring", ["101"], 2, 3),
        ("turn", ["101", "102"], None, None),
        ("out", ["+33611223344"], None, None),
    ]
    assert (steps[2]["trunks"], steps[2]["behalf"]) == (["pstn"], "101")
    # Without --mode, the one there is: nobody answers as Kamailio here, so what the box would do on its own.
    assert explained(root, "102", "0612345678")["code"] == 403
    assert explained(root, "102", "15")["trunks"] == ["pstn", "@cloud"]


def test_a_person_reads_it_in_french_or_english(root: LocalRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    result = root.repli("voice", "explain", "102", "0612345678", "--mode", "local")
    assert result.returncode == 1
    assert "Le service « voice » ne répond pas" in result.stdout
    assert "0612345678 se lit +33612345678, appel de type mobile" in result.stdout
    assert "→ refusé (403) : +33612345678" in result.stdout
    monkeypatch.setenv("REPLI_LANG", "en")
    english = root.repli("voice", "explain", "101", "600", "--mode", "local")
    assert english.returncode == 0
    assert "ring in turns: 101, 102, 20 s" in english.stdout


def test_what_is_wrong_is_said(root: LocalRoot) -> None:
    for wrong in (["1 0", "112"], ["101", "1|2"], ["101", "112", "--at", "tomorrow"]):
        assert root.repli("voice", "explain", *wrong).returncode == 2
    root.write_site(SETTINGS.replace('"102"]', '"109"]'))
    result = root.repli("voice", "explain", "101", "600")
    assert result.returncode == 2
    assert "109" in result.stderr


def test_every_reason_has_words() -> None:
    """A reason without words would be shown as its bare id."""
    code = "\n".join(path.read_text() for path in VOICE.glob("*.py"))
    used = set(re.findall(r'Because\(\s*f?"(\w+)"', code)) | {"group", "extension"}
    used |= {f"forward_{when}" for when in re.findall(r'_forwarded\("(\w+)"', code)}
    assert used - {"forward_"} <= _EXPLAIN_REASONS.keys()
