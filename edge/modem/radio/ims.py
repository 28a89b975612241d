"""Whether calls can go by VoLTE: registration with the operator's IMS. Pure.

2G and 3G are being switched off in France (2G from 2026, 3G by 2029): a SIM or a firmware without IMS voice makes the last
way out one that ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge.shared.messages.modem_radio import Technology, VoiceWay

VOICE_CAPABILITY = 0x1  # <ext_info> of +CIREG (TS 27.007, 8.71): voice by MMTEL
# Asked in this order until one answers: the standard's own, then Quectel's and SIMCom's.
QUESTIONS = ("AT+CIREG?", 'AT+QCFG="ims"', "AT+CEVOLTE?")


@dataclass(frozen=True)
class Ims:
    """What a modem tells of IMS; None: it does not tell."""

    registered: bool | None = None
    voice: bool | None = None  # whether the registration is good for calls
    switched_on: bool | None = None  # in the modem's own configuration


UNKNOWN = Ims()


def read(lines: Sequence[str]) -> Ims:
    """An answer to any of QUESTIONS."""
    text = " ".join(lines)
    standard = re.search(r"\+CIREG: ?\d+,(\d+)(?:,([0-9A-Fa-f]+))?", text)
    if standard:
        return _registration(standard[1], standard[2])
    # <IMS_conf>: 0 as the operator's file says, 1 on, 2 off; <VoLTE_cap>: 1 when calls can go by it now.
    quectel = re.search(r'\+QCFG: ?"ims",(\d)(?:,(\d))?', text)
    if quectel:
        capable = None if quectel[2] is None else quectel[2] == "1"
        return Ims(capable, capable, quectel[1] != "2")
    simcom = re.search(r"\+CEVOLTE: ?(?:\d,)?(\d)", text)
    if simcom:
        # Switched on says nothing about the network's answer.
        return Ims(False, False, False) if simcom[1] == "0" else Ims(switched_on=True)
    return UNKNOWN


def announced(line: str) -> Ims | None:
    """+CIREGU: <reg_info>[,<ext_info>], told unasked after AT+CIREG=2."""
    found = re.match(r"\+CIREGU: ?(\d+)(?:,([0-9A-Fa-f]+))?", line)
    return _registration(found[1], found[2]) if found else None


def voice_way(ims: Ims, technology: Technology | None) -> VoiceWay:
    """How a call would go out."""
    if ims.registered and ims.voice is not False:
        return VoiceWay.VOLTE
    if technology in (Technology.GSM, Technology.UMTS):
        return VoiceWay.LEGACY
    if ims.registered is None and ims.switched_on is not False:
        return VoiceWay.UNKNOWN
    return VoiceWay.NONE


def _registration(info: str, extension: str | None) -> Ims:
    registered = info == "1"
    voice = registered and (extension is None or bool(int(extension, 16) & VOICE_CAPABILITY))
    return Ims(registered, voice, True if registered else None)
