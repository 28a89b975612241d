"""Calls that come in by a trunk: under which spellings a number of ours is known, and who rings. Pure.

Operators say the number called as +33..., 33..., 0033..., 0... or without its 0, in the Request-URI or in To. Kamailio
looks up what it was given: every spelling stands in the table.
"""

from __future__ import annotations

from edge.shared.model.voice import VoiceSection

DEFAULT = "@default"  # no number is written so
FRANCE = "33"
# National prefix -> country code of the overseas departments and collectivities that share the French numbering plan.
OVERSEAS = {
    "262": "262",
    "263": "262",
    "269": "262",
    "692": "262",
    "693": "262",
    "590": "590",
    "690": "590",
    "691": "590",
    "594": "594",
    "694": "594",
    "596": "596",
    "696": "596",
    "697": "596",
    "508": "508",
}


def inbound_table(voice: VoiceSection) -> dict[str, str]:
    """Table `inbound`: every spelling of every number -> who rings; and who answers all others."""
    rows = {spelling: entry.to for entry in reversed(voice.inbound.numbers) for spelling in spellings(entry.number)}
    if voice.inbound.default is not None:
        rows[DEFAULT] = voice.inbound.default
    return rows


def spellings(number: str) -> list[str]:
    """Every way to write a number, as it may be asked for."""
    code, rest = _international(number)
    if code is None:
        return [number]
    ways = [f"+{code}{rest}", f"00{code}{rest}", f"{code}{rest}"]
    if code == FRANCE or code in OVERSEAS.values():
        ways += [f"0{rest}", rest]
    return list(dict.fromkeys(ways))


def _international(number: str) -> tuple[str | None, str]:
    """Country code and national number; no code for what is neither international nor a French number of ten digits."""
    if number.startswith(("+", "00")):
        digits = number.removeprefix("+").removeprefix("00")
        for code in (FRANCE, *dict.fromkeys(OVERSEAS.values())):
            rest = digits.removeprefix(code)
            if rest != digits and len(rest) == 9:
                return code, rest
        return digits, ""
    if len(number) == 10 and number.startswith("0"):
        rest = number[1:]
        return OVERSEAS.get(rest[:3], FRANCE), rest
    return None, number
