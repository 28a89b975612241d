"""Scanners as they come, from inside and outside, whether the box decides or a cloud PBX that tells all it knows."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony, telephony_alone
from hil.rig.virtual.sip.pbx import Pbx
from tests.edge.voice.test_guard import GUESSES, bans, from_internet, tries_until_silence, with_internet


@pytest.fixture(scope="module", params=["alone", "cloud"])
def box(request: pytest.FixtureRequest) -> Iterator[Telephony]:
    with telephony_alone() as one:
        if request.param == "alone":
            one.start(with_internet(one))
            yield one
            return
        Pbx(one.place, one.cloud, DOMAIN, PASSWORDS).start()
        one.start(with_internet(one, cloud=f'cloud = {{ address = "{one.cloud}" }}'))
        one.wait_mode("cloud")
        assert one.hand("101", 25).register().code == 200
        yield one
        assert one.json("voice", "mode")["mode"] == "cloud"


@pytest.fixture
def sipvicious(tmp_path: Path, box: Telephony) -> Callable[..., str]:
    def run(tool: str, host: int, *arguments: str) -> str:
        address = f"{box.net}.{host}"
        home = tmp_path / str(host)
        home.mkdir()
        done = subprocess.run(
            [tool, "-b", address, "-x", address, "-P", "5066", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        )
        return done.stdout + done.stderr

    return run


def by_each(methods: tuple[str, ...], scan: Callable[[int, str], str]) -> list[str]:
    """What is said of each method, all at once: a tool mostly waits for answers that do not come."""
    with ThreadPoolExecutor(len(methods)) as pool:
        return list(pool.map(scan, range(len(methods)), methods))


@pytest.mark.parametrize("side", [1, 2])
def test_svmap_finds_nothing(box: Telephony, sipvicious: Callable[..., str], side: int) -> None:
    def scan(at: int, method: str) -> str:
        return sipvicious("svmap", 30 + 10 * side + at, "-m", method, f"{box.net}.{side}")

    for said in by_each(("OPTIONS", "INVITE", "REGISTER"), scan):
        assert "| " not in said, f"a row of its table of devices: {said}"
        assert "found nothing" in said


@pytest.mark.parametrize("side", [1, 2])
def test_svwar_enumerates_nothing(box: Telephony, sipvicious: Callable[..., str], side: int) -> None:
    def scan(at: int, method: str) -> str:
        return sipvicious("svwar", 60 + 10 * side + at, "-m", method, "--force", "-e", "100-104", f"{box.net}.{side}")

    for said in by_each(("REGISTER", "INVITE", "OPTIONS"), scan):
        assert not any(f"| {number}" in said for number in PASSWORDS), said


@pytest.mark.parametrize("side", [1, 2])
def test_svcrack_is_stopped(box: Telephony, sipvicious: Callable[..., str], tmp_path: Path, side: int) -> None:
    words = tmp_path / "words"
    words.write_text("\n".join([*(f"guess{n}" for n in range(GUESSES)), PASSWORDS["101"], ""]))
    said = sipvicious("svcrack", 100 + side, "-u", "101", "-d", str(words), f"{box.net}.{side}")
    assert PASSWORDS["101"] not in said, said


def test_whoever_guesses_without_their_marks_is_stopped_too(box: Telephony) -> None:
    """The cloud PBX's word for a wrong password counts as ours does."""
    guesser = from_internet(box, "101", 120, password="wrong")
    assert tries_until_silence(box, guesser, GUESSES + 1) < GUESSES
    assert bans(box)[guesser.wire.address] == ("blocked", "guessing")
    guesser.password = PASSWORDS["101"]
    assert tries_until_silence(box, guesser, 1) == 0, "the right password comes too late"
