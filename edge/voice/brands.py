"""Whose phone it is, by what it calls itself (RFC 3261, 20.41: free text). Pure."""

from __future__ import annotations

import re

# How their user agents begin, or a word that only they use; the first that fits. Brands sell each other's devices: what
# counts is whose web page a technician opens.
_SIGNS: dict[str, str] = {
    "Yealink": r"yealink|\bsip-[tw]\d\d",
    "Snom": r"\bsnom",
    "Gigaset": r"gigaset|\bn(510|670|870) ip",
    "Cisco": r"cisco|linksys|sipura",
    "Grandstream": r"grandstream|\b(gxp|grp|gxv|ht8|dp7)\d",
    "Fanvil": r"fanvil",
    "Poly": r"\bpoly|polycom|plcm",
    "Alcatel": r"alcatel|\bale[- ]|omnitouch",
    "Mitel": r"mitel|aastra|\brfp\d\d",
    "Panasonic": r"panasonic",
    "Avaya": r"avaya",
    "AudioCodes": r"audiocodes",
    "Patton": r"patton|smartnode",
    "AVM": r"fritz!|\bavm\b",
    "Spectralink": r"spectralink|kirk",
    "Ascom": r"ascom",
    "baresip": r"baresip",
    "Linphone": r"linphone",
    "MicroSIP": r"microsip",
    "Zoiper": r"zoiper",
    "Bria": r"\bbria|x-lite",
    "Asterisk": r"asterisk|freepbx",
}
_BRANDS = {name: re.compile(sign, re.IGNORECASE) for name, sign in _SIGNS.items()}


def brand_of(user_agent: str) -> str | None:
    """The brand, or None."""
    return next((name for name, sign in _BRANDS.items() if sign.search(user_agent)), None)
