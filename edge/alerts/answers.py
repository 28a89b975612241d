"""What a reply means. Pure. Only a few exact words are an acknowledgement; anything else is information."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.shared.messages.alerts import Answer
from edge.shared.spoken import spoken_words

WORDS = {
    "1": Answer.ACKNOWLEDGED,
    "ok": Answer.ACKNOWLEDGED,
    "oui": Answer.ACKNOWLEDGED,
    "recu": Answer.ACKNOWLEDGED,
    "2": Answer.NEGATIVE,
    "non": Answer.NEGATIVE,
}
GLUED = re.compile(r"(ok|oui|recu|non)(\d{1,9})")  # OK3; never 13, which is a number like any other


@dataclass(frozen=True)
class Meaning:
    """An answer, and the code of the campaign it names, if any."""

    answer: Answer
    code: int | None = None


INFORMATION = Meaning(Answer.NONE)


def read_answer(text: str) -> Meaning:
    """Read `1`, `OK`, `Oui !`, `reçu`, `2`, `NON`, alone or with a code (`1 3`); else INFORMATION."""
    words = spoken_words(text)
    if (answer := WORDS.get("".join(words))) is not None:
        return Meaning(answer)
    if len(words) == 2 and words[0] in WORDS and re.fullmatch(r"[0-9]{1,9}", words[1]):
        return Meaning(WORDS[words[0]], int(words[1]))
    if glued := GLUED.fullmatch("".join(words)):
        return Meaning(WORDS[glued[1]], int(glued[2]))
    return INFORMATION
