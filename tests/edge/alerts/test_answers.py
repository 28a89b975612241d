"""What replies mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.answers import INFORMATION, WORDS, Meaning, read_answer
from edge.shared.messages.alerts import Answer


@pytest.mark.parametrize(
    "text",
    [
        "1",
        " 1 ",
        "1.",
        "1 !",
        "OK",
        "ok",
        "Ok.",
        "O.K.",
        "OUI",
        "oui !",
        "« Oui »",
        "Reçu",
        "RECU",
        "reçu.",
        "REC\u0327U",
        "１",
        "1️⃣",
    ],
)
def test_acknowledgements(text: str) -> None:
    assert read_answer(text) == Meaning(Answer.ACKNOWLEDGED)


@pytest.mark.parametrize("text", ["2", "NON", "non", " Non. ", "2\n"])
def test_negative_acknowledgements(text: str) -> None:
    assert read_answer(text) == Meaning(Answer.NEGATIVE)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1 3", Meaning(Answer.ACKNOWLEDGED, 3)),
        ("OK 12", Meaning(Answer.ACKNOWLEDGED, 12)),
        ("ok12", Meaning(Answer.ACKNOWLEDGED, 12)),
        ("Reçu n3", INFORMATION),
        ("2 3", Meaning(Answer.NEGATIVE, 3)),
        ("NON-3", Meaning(Answer.NEGATIVE, 3)),
    ],
)
def test_an_answer_may_name_its_campaign(text: str, meaning: Meaning) -> None:
    assert read_answer(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "3",
        "13",
        "12",
        "11",
        "bien reçu",
        "OK merci",
        "je suis là",
        "oui mais",
        "non merci",
        "👍",
        "1 2 3",
        "ouioui",
        "0",
    ],
)
def test_anything_else_is_information(text: str) -> None:
    assert read_answer(text) == INFORMATION


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    read_answer(text)


@given(
    st.sampled_from(sorted(WORDS)),
    st.lists(st.sampled_from(list(" .!,;:-\n\t«»'\"…")), max_size=5).map("".join),
    st.lists(st.sampled_from(list(" .!,;:-\n\t«»'\"…")), max_size=5).map("".join),
)
def test_case_and_punctuation_change_nothing(word: str, before: str, after: str) -> None:
    assert read_answer(before + word.upper() + after).answer is WORDS[word]


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=5))
def test_a_longer_word_is_never_an_answer(word: str) -> None:
    assert read_answer(word).answer is Answer.NONE or len("".join(word.split())) <= 4
