"""Calls and ways out in the words of the place: no number of outside in clear, no name of the code."""

from __future__ import annotations

import argparse
import errno
import os

import pytest

from edge.cli.issues import issue_sentence
from edge.cli.voice_calls import _masked, _print
from edge.cli.voice_stats import _masked as masked_count
from edge.shared.messages.common import Issue
from edge.shared.messages.voice_calls import CallRecord, Count

TRAIL = [
    "cloud_refused:403",
    "no_right:premium",
    "out:0612345678",
    "way:@cloud",
    "refused:pstn/503",
    "silent:@cloud2",
    "of_a_daemon_to_come",
]


def call(**fields: object) -> CallRecord:
    given = {"id": 1, "begun": "2026-11-22T02:14:07Z", "state": "talking", "live": True, "direction": "out"}
    return CallRecord.model_validate(
        {**given, "caller": "101", "dialled": "0612345678", "source": "10.0.0.1", "trail": TRAIL, **fields}
    )


def arguments(*, numbers: bool = False) -> argparse.Namespace:
    return argparse.Namespace(numbers=numbers, trail=True)


def test_the_decisions_of_a_call_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    _print([_masked(call(way="@cloud", talk_s=3723.4, answer_s=4.2), arguments())], arguments())
    printed = " ".join(capsys.readouterr().out.split())
    assert "06…78" in printed
    assert "0612345678" not in printed
    assert "@cloud" not in printed
    assert "4,2 s 1:02:03 standard de l'opérateur" in printed
    said = " > ".join(
        [
            "refusé par le standard de l'opérateur : 403",
            "appel non permis : surtaxé",
            "renvoyé vers 06…78",
            "par : standard de l'opérateur",
            "refusé par : pstn (503)",
            "muette : standard de l'opérateur",
            "of_a_daemon_to_come",
        ]
    )
    assert said in printed


def test_numbers_are_whole_when_asked_for() -> None:
    assert _masked(call(), arguments(numbers=True)) == call()
    assert [word for word in _masked(call(), arguments()).trail if word not in TRAIL] == ["out:06…78"]


def test_who_calls_by_a_number_of_outside_is_not_counted_by_it_in_clear() -> None:
    assert masked_count(Count(name="0612345678", made=1)).name == "06…78"
    assert masked_count(Count(name="101", made=1)).name == "101"


def test_what_the_system_said_is_said_in_the_words_of_the_place() -> None:
    full = os.strerror(errno.ENOSPC)
    issue = Issue(
        id="voice.records_not_kept", severity="fault", subject="calls", suggestion="", data={"reason": full}, since=""
    )
    assert "plus de place sur le disque" in issue_sentence(issue)
    assert full not in issue_sentence(issue)
