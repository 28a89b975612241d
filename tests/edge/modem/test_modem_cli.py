"""repli modem at a terminal: the way of one SMS, what is in a state, following, numbers hidden, and AT with its guard."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge.shared.messages.modem import ModemState
from hil.rig.virtual.modem.bench import ModemBench

NUMBER = "+33612345678"


@pytest.fixture
def ready(bench: ModemBench) -> ModemBench:
    bench.add_modem(options=["--latency", "0.05", "--report-after", "0.3"])
    bench.write_site()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    return bench


class Following:
    """A `repli modem ... --follow` that runs."""

    def __init__(self, bench: ModemBench, *arguments: str) -> None:
        self._output = bench.root.folder / "followed.txt"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge.cli", "modem", *arguments, "--follow"],
                env=bench.root.environment,
                stdout=output,
            )

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._output.read_text().splitlines()]

    def end(self) -> None:
        self._process.kill()
        self._process.wait(10)


@pytest.fixture
def following(ready: ModemBench) -> Iterator[Any]:
    started: list[Following] = []

    def start(*arguments: str) -> Following:
        started.append(Following(ready, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_an_sms_is_followed_to_the_phone(ready: ModemBench) -> None:
    done = ready.root.repli("modem", "sms", "send", NUMBER, "Bonjour", "--severity", "urgent", "--wait", "20")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "SMS n° 1 mis à l'envoi (1 partie(s))."
    assert lines[-1] == "reçu par le téléphone"
    again = ready.root.repli(
        "modem", "sms", "send", NUMBER, "Bonjour", "--request-id", ready.outbox()[0].request_id, "--wait", "--json"
    )
    assert (again.returncode, json.loads(again.stdout)["repeated"]) == (0, True)
    assert json.loads(again.stdout)["message"]["severity"] == "urgent"


def test_an_sms_that_the_network_refuses_or_that_is_still_under_way_ends_the_wait_with_its_code(
    ready: ModemBench,
) -> None:
    ready.modems[0].inject("reports", on=False)
    waiting = ready.root.repli("modem", "sms", "send", NUMBER, "Bonjour", "--wait", "1")
    assert (waiting.returncode, waiting.stdout.splitlines()[-1]) == (3, "Toujours en route après 1 s.")
    ready.modems[0].arm(refuse=9, refuse_code=1)  # unassigned number
    refused = ready.root.repli("modem", "sms", "send", "+33612345679", "Bonjour", "--wait", "30")
    assert (refused.returncode, refused.stdout.splitlines()[-1]) == (1, "refusé")


def test_the_outbox_by_state_with_numbers_hidden_and_within_a_hundred_columns(ready: ModemBench) -> None:
    ready.send(NUMBER, "Restez chez vous. " * 12, "long")
    ready.wait_all()
    ready.modems[0].inject("unplug")
    ready.wait(lambda: ready.listed()[0].state is ModemState.ABSENT)
    ready.send("+33712345678", "Revenez", "later")
    waiting = json.loads(ready.root.repli("modem", "outbox", "--state", "queued", "--state", "failed", "--json").stdout)
    assert [message["request_id"] for message in waiting["messages"]] == ["later"]
    assert waiting["messages"][0]["number"] == "+33712345678"
    table = ready.root.repli("modem", "outbox").stdout
    assert "+33…78" in table
    assert "12345" not in table
    assert "12345" in ready.root.repli("modem", "outbox", "--numbers").stdout
    assert max(len(line) for line in table.splitlines()) <= 100
    assert ready.root.repli("modem", "outbox", "--state", "lost").returncode == 2


def test_the_outbox_is_followed_over_a_kill_of_the_daemon(ready: ModemBench, following: Any) -> None:
    ready.send(NUMBER, "Avant", "before")
    ready.wait_all()
    followed = following("outbox", "--json", "--state", "delivered")
    ready.wait(lambda: len(followed.lines()) == 1)
    time.sleep(0.3)
    ready.send(NUMBER, "Un", "a")
    ready.wait(lambda: len(followed.lines()) == 2)
    ready.kill()
    ready.start()
    ready.send(NUMBER, "Deux", "b")
    ready.wait(lambda: len(followed.lines()) == 3)
    assert [(line["schema"], line["request_id"]) for line in followed.lines()] == [
        (1, "before"),
        (1, "a"),
        (1, "b"),
    ]


def test_the_inbox_is_followed_and_hides_numbers(ready: ModemBench, following: Any) -> None:
    ready.modems[0].inject("bring", number=NUMBER, text="Avant")
    ready.wait(lambda: len(ready.inbox()) == 1)
    followed = following("inbox", "--json")
    ready.modems[0].inject("bring", number=NUMBER, text="Après")
    ready.wait(lambda: len(followed.lines()) == 2)
    assert [line["text"] for line in followed.lines()] == ["Avant", "Après"]
    table = ready.root.repli("modem", "inbox").stdout
    assert "Avant" in table
    assert "+33…78" in table
    assert "12345" not in table


def test_the_modems_are_followed_over_a_kill_of_the_daemon(ready: ModemBench, following: Any) -> None:
    followed = following("status", "--json")
    ready.wait(lambda: len(followed.lines()) == 1)
    ready.modems[0].inject("unplug")
    ready.wait(lambda: followed.lines()[-1]["modems"][0]["state"] == "absent")
    ready.kill()
    ready.start()
    ready.modems[0].inject("plug")
    ready.wait(lambda: followed.lines()[-1]["modems"][0]["state"] == "ready")
    lines = followed.lines()
    assert all(line["schema"] == 1 for line in lines)
    assert all(earlier != later for earlier, later in itertools.pairwise(lines))


def test_at_is_done_only_by_who_knows_and_between_two_messages(ready: ModemBench) -> None:
    unknowing = ready.root.repli("modem", "at", "AT+CSQ")
    assert (unknowing.returncode, unknowing.stdout) == (2, "")
    assert "--i-know" in unknowing.stderr
    for number in range(10):
        ready.send(f"+3361234567{number}", "Bonjour", f"r{number}")
    asked = ready.root.repli("modem", "at", "--i-know", "AT+CSQ", "--json")
    assert asked.returncode == 0, asked.stderr
    answer = json.loads(asked.stdout)
    assert (answer["schema"], answer["modem"], answer["error"]) == (1, "m1", None)
    assert answer["lines"][0].startswith("+CSQ: ")
    wrong = ready.root.repli("modem", "at", "--i-know", "AT+NONSENSE")
    assert (wrong.returncode, wrong.stdout.strip() != "OK") == (1, True)
    ready.wait_all()
    assert len(ready.accepted()) == 10
    assert ready.root.repli("modem", "at", "--i-know", "--modem", "m9", "AT").returncode == 2
    long = ready.root.repli("modem", "at", "--i-know", "--timeout", "30", "AT+COPS=?")
    assert long.returncode == 2
    assert "--break-sending" in long.stderr  # messages would wait as long


@pytest.mark.parametrize("command", ["AT+CFUN=0", 'AT+CPIN="1234"', "AT+CMGS=12", "ATD18;"])
def test_at_refuses_what_would_break_the_sender(ready: ModemBench, command: str) -> None:
    refused = ready.root.repli("modem", "at", "--i-know", command)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Refusé : ")
    assert "1234" not in refused.stderr
    ready.send(NUMBER, "Bonjour", "a")
    ready.wait_all()


def test_after_a_command_that_breaks_sending_the_modem_is_set_up_anew(ready: ModemBench) -> None:
    ready.serve_panel()
    broken = ready.root.repli("modem", "at", "--i-know", "--break-sending", "AT+CMGF=1")
    assert (broken.returncode, broken.stdout) == (0, "OK\n")
    ready.send(NUMBER, "Bonjour", "a")
    ready.wait_all()
    assert [one.text for one in ready.accepted()] == ["Bonjour"]
    never = ready.root.repli("modem", "at", "--i-know", "--break-sending", "AT+CMGS=12")
    assert never.returncode == 2
    log = ready.root.running["modem"].log.read_text()
    assert "AT+CMGF=... by" in log
    assert not ready.panel_log.exists() or not ready.panel_log.read_text(), "a power cycle was asked for"
