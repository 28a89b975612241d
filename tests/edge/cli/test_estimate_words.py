"""How long an alert would take, as people say it."""

from __future__ import annotations

import pytest

from edge.cli.modem_estimate import in_words


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0.1, "moins d'une minute"),
        (0.9, "environ 1 min"),
        (59.4, "environ 59 min"),
        (59.6, "environ 1 h 00"),
        (245.2, "environ 4 h 05"),
        (24_995.0, "environ 17 jours"),
    ],
)
def test_a_duration_is_said_as_people_say_it(minutes: float, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLI_LANG", "fr")
    assert in_words(minutes) == said
