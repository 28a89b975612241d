"""A REGISTER on a phone's behalf, its answer, and the proof for a challenge (RFC 3261, 10 and 22; RFC 2617). Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

RENEWAL = "Repli-Renewal"  # registrations.cfg knows our own requests by this header, and takes it out
EXPIRES_MIN_S = 60  # asked for at least: less would be refused by many a registrar
CONTACTS_MAX = 10


@dataclass(frozen=True)
class Binding:
    """A contact that the cloud PBX is to know."""

    extension: str
    contact: str  # the phone's own
    expires_s: int


@dataclass(frozen=True)
class Sender:
    """What all requests of one renewal share."""

    domain: str
    own: str  # ADDRESS:PORT that the answer is wanted at
    cloud_contact: str  # what the cloud PBX is told instead of a phone's own contact


@dataclass(frozen=True)
class Answer:
    """What came back."""

    code: int
    call_id: str
    challenge: str = ""  # of a 401
    of_phone: bool = False  # a phone said so, not Kamailio for it
    contacts: tuple[str, ...] = ()  # of a 200: the devices that the registrar knows, their addresses alone


def register(binding: Binding, sender: Sender, call_id: str, sequence: int, proof: str = "") -> bytes:
    """The request, as route[HIDE_CONTACTS] would have made it of the phone's own."""
    headers = (
        f"Contact: <sip:{binding.extension}@{sender.cloud_contact};rp={_md5(binding.contact)}>",
        f"Expires: {max(binding.expires_s, EXPIRES_MIN_S)}",
        f"Path: <sip:{sender.cloud_contact};lr>",
        "Supported: path",
    )
    return _request(binding.extension, sender, call_id, sequence, proof, headers)


def ask_who(extension: str, sender: Sender, call_id: str, sequence: int, proof: str = "") -> bytes:
    """The question who is registered: without a Contact nothing changes (RFC 3261, 10.2.3)."""
    return _request(extension, sender, call_id, sequence, proof, ())


def _request(
    extension: str, sender: Sender, call_id: str, sequence: int, proof: str, headers: tuple[str, ...]
) -> bytes:
    who = f"<sip:{extension}@{sender.domain}>"
    lines = [
        f"REGISTER sip:{sender.domain} SIP/2.0",
        f"Via: SIP/2.0/UDP {sender.own};branch=z9hG4bK{call_id}-{sequence};rport",
        "Max-Forwards: 70",
        f"From: {who};tag={call_id[:8]}",
        f"To: {who}",
        f"Call-ID: {call_id}",
        f"CSeq: {sequence} REGISTER",
        *headers,
        f"{RENEWAL}: 1",
        *([f"Authorization: {proof}"] if proof else []),
        "Content-Length: 0",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def read(data: bytes) -> Answer | None:
    """The final answer in a datagram; None for anything else."""
    head = data.partition(b"\r\n\r\n")[0].decode(errors="replace")
    status = re.match(r"SIP/2\.0 ([2-6]\d\d) ", head)
    call_id = _header(head, "Call-ID")
    if status is None or not call_id:
        return None
    of_phone = bool(_header(head, "Repli-Heard"))
    return Answer(int(status[1]), call_id, _header(head, "WWW-Authenticate"), of_phone, _contacts(head))


def proof(challenge: str, extension: str, domain: str, realm: str, ha1: str, cnonce: str) -> str | None:
    """The value of Authorization; None for a challenge that this secret does not answer."""
    given = {
        name.lower(): value or bare for name, value, bare in re.findall(r'([\w-]+)=(?:"([^"]*)"|([^\s,]+))', challenge)
    }
    if given.get("realm") != realm or given.get("algorithm", "MD5").upper() != "MD5" or "nonce" not in given:
        return None
    offers = given.get("qop", "").replace(" ", "").lower().split(",")
    nonce, uri = given["nonce"], f"sip:{domain}"
    deed = _md5(f"REGISTER:{uri}")
    if "auth" in offers:
        response = _md5(f"{ha1}:{nonce}:00000001:{cnonce}:auth:{deed}")
        extra = f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    elif offers == [""]:
        response, extra = _md5(f"{ha1}:{nonce}:{deed}"), ""
    else:
        return None
    if "opaque" in given:
        extra += f', opaque="{given["opaque"]}"'
    return (
        f'Digest username="{extension}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
        f"algorithm=MD5{extra}"
    )


def _header(head: str, name: str) -> str:
    match = re.search(rf"(?im)^{name}\s*:\s*(.*?)\s*$", head)
    return match[1] if match else ""


def _contacts(head: str) -> tuple[str, ...]:
    listed = ",".join(re.findall(r"(?im)^(?:Contact|m)\s*:\s*(.*?)\s*$", head))
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", listed)  # names, and parameters that hold addresses
    found = (bracketed or bare for bracketed, bare in re.findall(r"<([^<>]*)>|(?:^|,)\s*([^<>,;\s]+)", unquoted))
    # As route[ELSEWHERE]: printable, so many, and of a length that can be shown.
    return tuple(one for one in found if re.fullmatch(r"sips?:[!-~]{1,200}", one))[:CONTACTS_MAX]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
