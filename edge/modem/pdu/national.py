"""National languages in the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1.2 and annex A): only read, never sent.

A header names a locking table in place of the default alphabet, a single shift table in place of its extension, or
both. Phones of Turkey, Spain, Portugal and Brazil use theirs; those of India's languages are known by name alone:
what their tables share with the default is shown, the rest as REPLACEMENT rather than as a wrong letter.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.shared.gsm7 import ALPHABET, EXTENSION

REPLACEMENT = "\ufffd"
DEFAULT, TURKISH, SPANISH, PORTUGUESE = 0, 1, 2, 3

_MAIN: Mapping[int, str] = dict(enumerate(ALPHABET))
_TURKISH_LOCKING = {0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç"}
# fmt: off
_PORTUGUESE_LOCKING = {
    0x04: "ê", 0x06: "ú", 0x07: "í", 0x08: "ó", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á",
    0x12: "ª", 0x13: "Ç", 0x14: "À", 0x15: "∞", 0x16: "^", 0x17: "\\", 0x18: "€", 0x19: "Ó", 0x1A: "|",
    0x1C: "Â", 0x1D: "â", 0x1E: "Ê", 0x24: "º", 0x40: "Í", 0x5B: "Ã", 0x5C: "Õ", 0x5D: "Ú",
    0x60: "~", 0x7B: "ã", 0x7C: "õ", 0x7D: "`",
}
_TURKISH_SINGLE = {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"}
_SPANISH_SINGLE = {
    0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú",
}
_PORTUGUESE_SINGLE = {
    0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á", 0x12: "Φ", 0x13: "Γ", 0x15: "Ω",
    0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê", 0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú",
    0x5B: "Ã", 0x5C: "Õ", 0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú", 0x7B: "ã", 0x7C: "õ", 0x7F: "â",
}
# fmt: on

_LOCKING = {TURKISH: _TURKISH_LOCKING, PORTUGUESE: _PORTUGUESE_LOCKING}
_SINGLE = {TURKISH: _TURKISH_SINGLE, SPANISH: _SPANISH_SINGLE, PORTUGUESE: _PORTUGUESE_SINGLE}
# In every table of the annex, those of India's languages included.
_SHARED_BY_ALL = frozenset("\n\r !.0123456789:;?abcdefghijklmnopqrstuvwxyz")
_SHARED_EXTENSION = frozenset("\f^{}\\[~]|")


def locking(language: int) -> Mapping[int, str]:
    """Septet -> character of the main table. Spanish has none of its own."""
    if language in (DEFAULT, SPANISH):
        return _MAIN
    if language in _LOCKING:
        return {**_MAIN, **_LOCKING[language]}
    return {septet: letter if letter in _SHARED_BY_ALL else REPLACEMENT for septet, letter in _MAIN.items()}


def single(language: int) -> Mapping[int, str]:
    """Septet after an escape -> character. What is missing is to be shown as in the main table (6.2.1.1)."""
    if language == DEFAULT:
        return EXTENSION
    if language in _SINGLE:
        return {**EXTENSION, **_SINGLE[language]}
    known = {septet: letter for septet, letter in EXTENSION.items() if letter in _SHARED_EXTENSION}
    return {**dict.fromkeys(range(128), REPLACEMENT), **known}
