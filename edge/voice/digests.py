"""What identities are proved with: realm and HA1 (RFC 2617). Pure."""

from __future__ import annotations

import hashlib

from edge.shared.model.voice import VoiceSection


def realm(voice: VoiceSection) -> str:
    """The digest realm of phones and of the cloud PBX: the domain, unless named."""
    return voice.realm or voice.domain


def ha1_of(user: str, realm: str, password: str) -> str:
    """HA1 = MD5(user:realm:password) in lower-case hex (RFC 2617, 3.2.2.2)."""
    return hashlib.md5(f"{user}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()
