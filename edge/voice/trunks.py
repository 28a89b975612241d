"""The ways out as Kamailio is told them: tables `trunk` and `way`, registrations, and whom to probe. Pure.

Table `trunk`, one way out each, the cloud PBX as `@cloud`, its other addresses as `@cloud2`...: NAME::to (ADDRESS:PORT),
::socket, ::kind, ::host (of the addresses it is called by), ::set (of the dispatcher; absent: not probed), ::channels,
::cps, ::user, ::ha1, ::realm. Table `way`: LIST::N -> NAME.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.shared.model.voice import CloudPbx, VoiceSection
from edge.shared.model.voice_trunks import Trunk, TrunkKind
from edge.voice.digests import ha1_of
from edge.voice.outside import lists_of_ways
from edge.voice.sockets import clouds, listening, socket_towards, uri
from edge.voice.sockets import name as socket_name

CLOUD = "@cloud"  # no trunk can be named so
CLOUD_SET = 1
FIRST_TRUNK_SET = 2


@dataclass(frozen=True)
class Registration:
    """One row of Kamailio's table uacreg (module uac), its columns by name."""

    l_uuid: str
    l_username: str
    l_domain: str
    r_username: str
    r_domain: str
    realm: str
    auth_username: str
    auth_ha1: str
    auth_proxy: str
    expires: int
    contact_addr: str
    socket: str


def ways(voice: VoiceSection) -> dict[str, CloudPbx | Trunk]:
    """Every way out by its name in the tables: the addresses of the cloud PBX in order, then the trunks."""
    places = enumerate(clouds(voice), start=1)
    named = {CLOUD if number == 1 else f"{CLOUD}{number}": cloud for number, cloud in places}
    return {**named, **{trunk.name: trunk for trunk in voice.trunks}}


def dispatcher_set(voice: VoiceSection, way: CloudPbx | Trunk) -> int | None:
    """The dispatcher's set that probes a way out; None: nothing does. One each: failover is ours to order."""
    if isinstance(way, CloudPbx):
        return CLOUD_SET
    return FIRST_TRUNK_SET + voice.trunks.index(way) if way.probe else None


def way_table(voice: VoiceSection) -> dict[str, str]:
    """Which ways out a list names, in order."""
    if not voice.listen:
        return {}
    names = {uri(way) if isinstance(way, CloudPbx) else way.name: name for name, way in ways(voice).items()}
    return {
        f"{label}::{number}": names[uri(way) if isinstance(way, CloudPbx) else way.name]
        for label, listed in lists_of_ways(voice).items()
        for number, way in enumerate(listed)
    }


def trunk_table(voice: VoiceSection) -> dict[str, str]:
    """What each way out is."""
    if not voice.listen:
        return {}
    return {f"{name}::{key}": value for name, way in ways(voice).items() for key, value in _attributes(voice, way)}


def registrations(voice: VoiceSection) -> dict[str, Registration]:
    """What is registered, by trunk."""
    if not voice.listen:
        return {}
    return {trunk.name: _registration(voice, trunk) for trunk in voice.trunks if trunk.kind == TrunkKind.REGISTRATION}


def dispatcher_list(voice: VoiceSection) -> str:
    """Whom Kamailio probes: the cloud PBX by every address it has, the preferred one first, then each trunk."""
    if not voice.listen:
        return ""
    cloud = [_probed(voice, way, priority) for priority, way in enumerate(reversed(clouds(voice)))]
    return "".join([*cloud, *(_probed(voice, trunk, 0) for trunk in voice.trunks)])


def trunk_realm(trunk: Trunk) -> str:
    """The realm of its challenges: its domain, unless named."""
    return trunk.realm or _domain(trunk)


def trunk_ha1(trunk: Trunk) -> str | None:
    """What we prove ourselves by there; None: no account there."""
    if trunk.ha1 is not None:
        return trunk.ha1.lower()
    if trunk.username is None or trunk.password is None:
        return None
    return ha1_of(trunk.username, trunk_realm(trunk), trunk.password)


def _attributes(voice: VoiceSection, way: CloudPbx | Trunk) -> Iterator[tuple[str, str]]:
    yield "to", uri(way)
    yield "socket", socket_name(socket_towards(way, listening(voice)))
    number = dispatcher_set(voice, way)
    if number is not None:
        yield "set", str(number)
    if isinstance(way, CloudPbx):
        yield "kind", "cloud"
        yield "host", voice.domain
        return
    yield "kind", way.kind.value
    yield "host", way.domain or uri(way)
    if way.channels is not None:
        yield "channels", str(way.channels)
    if way.calls_per_s is not None:
        yield "cps", str(way.calls_per_s)
    secret = trunk_ha1(way)
    if way.username is not None and secret is not None:
        yield "user", way.username
        yield "ha1", secret
        yield "realm", trunk_realm(way)


def _registration(voice: VoiceSection, trunk: Trunk) -> Registration:
    socket = socket_towards(trunk, listening(voice))
    assert trunk.username is not None, "the settings' rules"
    return Registration(
        # The user of our contact there: calls for us come to it.
        l_uuid=trunk.name,
        l_username=trunk.username,
        l_domain=_domain(trunk),
        r_username=trunk.username,
        r_domain=_domain(trunk),
        realm=trunk_realm(trunk),
        auth_username=trunk.username,
        auth_ha1=trunk_ha1(trunk) or "",
        auth_proxy=f"sip:{uri(trunk)}",
        expires=trunk.expires_s,
        contact_addr=uri(socket),
        socket=socket_name(socket),
    )


def _domain(trunk: Trunk) -> str:
    return trunk.domain or str(trunk.address)


def _probed(voice: VoiceSection, way: CloudPbx | Trunk, priority: int) -> str:
    number = dispatcher_set(voice, way)
    if number is None:
        return ""
    socket = socket_towards(way, listening(voice))
    # flags 0: probed from the start, active until proved silent. Priority: the highest is asked first.
    return f"{number} sip:{uri(way)} 0 {priority} socket={socket_name(socket)}\n"
