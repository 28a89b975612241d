"""Extensions whose password at the cloud PBX the box alone has: it registers there for them and proves their calls. Pure.

Table `upstream`: EXTENSION::user and ::ha1, what it is at the cloud PBX; at::USER -> EXTENSION, where no other extension
has that user's name for its number. The user of the contact that the box registers there is ~EXTENSION, which nothing
else can be named.
"""

from __future__ import annotations

from edge.shared.model.voice import CloudPbx, Upstream, VoiceSection
from edge.voice.digests import ha1_of, realm
from edge.voice.sockets import clouds, listening, name, socket_towards, uri
from edge.voice.trunks import Registration

EXPIRES_S = 300


def lent(voice: VoiceSection) -> dict[str, Upstream]:
    """The extensions that the box is at the cloud PBX, and what it is there."""
    if voice.cloud is None:
        return {}
    return {one.number: one.upstream for one in voice.extensions if one.upstream is not None}


def contact_of(extension: str) -> str:
    """The user of the contact that the box registers at the cloud PBX for an extension."""
    return f"~{extension}"


def upstream_table(voice: VoiceSection) -> dict[str, str]:
    """What each is at the cloud PBX."""
    numbers = {extension.number for extension in voice.extensions}
    rows: dict[str, str] = {}
    for extension, upstream in lent(voice).items():
        rows[f"{extension}::user"] = upstream.user
        rows[f"{extension}::ha1"] = _ha1(upstream, voice)
        if upstream.user == extension or upstream.user not in numbers:
            rows.setdefault(f"at::{upstream.user}", extension)
    return rows


def upstream_registrations(voice: VoiceSection) -> dict[str, Registration]:
    """What the box registers at the cloud PBX, at the address that is preferred, by the user of its contact there."""
    cloud = clouds(voice)
    if not cloud or not voice.listen:
        return {}
    made = (_registration(voice, cloud[0], extension, upstream) for extension, upstream in lent(voice).items())
    return {registration.l_uuid: registration for registration in made}


def _registration(voice: VoiceSection, cloud: CloudPbx, extension: str, upstream: Upstream) -> Registration:
    socket = socket_towards(cloud, listening(voice))
    return Registration(
        l_uuid=contact_of(extension),
        # What is looked up by it is nothing, and 200 of these must fit one answer of Kamailio, 128 kB.
        l_username=contact_of(extension),
        l_domain="-",
        r_username=upstream.user,
        r_domain=voice.domain,
        realm=realm(voice),
        auth_username=upstream.user,
        auth_ha1=_ha1(upstream, voice),
        auth_proxy=f"sip:{uri(cloud)}",
        expires=EXPIRES_S,
        contact_addr=uri(socket),
        socket=name(socket),
    )


def _ha1(upstream: Upstream, voice: VoiceSection) -> str:
    if upstream.ha1 is not None:
        return upstream.ha1.lower()
    assert upstream.password is not None, "the settings' rules"
    return ha1_of(upstream.user, realm(voice), upstream.password)
