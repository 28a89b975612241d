"""Alphabet and number of parts."""

from __future__ import annotations

import pytest

from edge.shared.sms_length import Encoding, measure


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", Encoding.GSM7, 0, 1),
        ("a" * 160, Encoding.GSM7, 160, 1),
        ("a" * 161, Encoding.GSM7, 161, 2),
        ("a" * 306, Encoding.GSM7, 306, 2),
        ("a" * 307, Encoding.GSM7, 307, 3),
        ("é" * 160, Encoding.GSM7, 160, 1),
        ("€" * 80, Encoding.GSM7, 160, 1),
        ("€" * 81, Encoding.GSM7, 162, 2),
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM7, 306, 3),  # the pair is not cut: 152 + 153 + 1
        ("ç", Encoding.UCS2, 1, 1),
        ("ê" * 70, Encoding.UCS2, 70, 1),
        ("ê" * 71, Encoding.UCS2, 71, 2),
        ("ê" * 134, Encoding.UCS2, 134, 2),
        ("ê" * 135, Encoding.UCS2, 135, 3),
        ("👍" * 35, Encoding.UCS2, 70, 1),
        ("a" * 66 + "👍" + "a" * 66, Encoding.UCS2, 134, 3),
    ],
)
def test_lengths(text: str, encoding: Encoding, units: int, segments: int) -> None:
    length = measure(text)
    assert (length.encoding, length.units, length.segments) == (encoding, units, segments)


def test_french_letters() -> None:
    assert measure("àäæéèöùüìòñÄÆÇÉÖÜ").encoding is Encoding.GSM7
    for letter in "âçêëîïôœûÿÀÂÈÊÎÔÙ«»’‘“”–—…°":
        assert measure(letter).encoding is Encoding.UCS2
