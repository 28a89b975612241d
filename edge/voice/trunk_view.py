"""What Kamailio says of the ways out, in our words. The parsing is pure; TrunkView does the calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edge.shared.clock import utc_text
from edge.shared.messages.voice_trunks import RegistrationState, TrunkHealth, TrunkRefusal, TrunkState
from edge.shared.model.voice import CloudPbx, VoiceSection
from edge.shared.model.voice_trunks import Trunk, TrunkKind
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.sockets import uri
from edge.voice.trunks import CLOUD, Registration, dispatcher_set, ways
from edge.voice.upstream import contact_of, lent, upstream_registrations

ASKING, ONLINE = 2, 4  # flags of uac.reg_dump: being registered; registration succeeded
HEALTH = {"A": TrunkHealth.WELL, "T": TrunkHealth.DOUBTFUL}  # first letter of dispatcher.list's FLAGS


@dataclass(frozen=True)
class Registered:
    """One entry of uac.reg_dump: whether we are registered, for how long, s, and whether we just ask to be."""

    online: bool
    for_s: int
    asking: bool = False


@dataclass(frozen=True)
class TrunkSight:
    """What Kamailio says: health by address, registrations and calls by trunk, refusals by their key; calls in a row that a
    trunk refused by its name, and why by NAME::code."""

    health: Mapping[str, TrunkHealth]
    registered: Mapping[str, Registered]
    said: Mapping[str, str]
    calls: Mapping[str, int]
    refused: Mapping[str, int] = field(default_factory=dict)


class TrunkView:
    """Asks Kamailio."""

    def __init__(self, rpc: KamailioRpc) -> None:
        self.rpc = rpc

    async def look(self, voice: VoiceSection) -> TrunkSight:
        """One look. Raises RpcSilent, RpcRefused."""
        calls = {
            trunk.name: int(await self.rpc.call("dlg.profile_get_size", "trunk", trunk.name)) for trunk in voice.trunks
        }
        return TrunkSight(
            health=health_of(await self.rpc.targets()),
            registered=registered_of(await self.registrations()),
            said=said_of(await self.rpc.call("htable.dump", "said")),
            calls=calls,
            refused=counts_of(await self.rpc.call("htable.dump", "refused")),
        )

    async def registrations(self) -> list[dict[str, Any]]:
        """Every registration it keeps. Raises RpcSilent, RpcRefused."""
        return list(await self.rpc.call("uac.reg_dump") or [])


def trunk_states(voice: VoiceSection, sight: TrunkSight | None) -> list[TrunkState]:
    """Every way out; sight None: Kamailio is silent."""
    known = ways(voice)
    nameless = []
    if voice.cloud is not None and CLOUD not in known:
        address = f"{voice.cloud.address}:{voice.cloud.port}"
        nameless.append(TrunkState(name=CLOUD, kind="cloud", address=address, health=TrunkHealth.UNKNOWN))
    return [*nameless, *(_state(voice, name, way, sight) for name, way in known.items())]


def settled(states: Iterable[TrunkState], sight: TrunkSight, before: Iterable[TrunkState]) -> tuple[TrunkState, ...]:
    """The trunks as they stand: one that is being registered right now was challenged, which says nothing, and stays as
    it was before."""
    was = {state.name: state for state in before}
    asking = {name for name, entry in sight.registered.items() if entry.asking}
    return tuple(
        was[state.name] if state.name in asking else state
        for state in states
        if state.name not in asking or state.name in was
    )


def upstream_refusals(voice: VoiceSection, sight: TrunkSight, before: Mapping[str, int]) -> dict[str, int]:
    """Extensions that the cloud PBX does not let us be, with its code; one that is being registered is as before."""
    wanted = upstream_registrations(voice)
    codes = {extension: _upstream_code(wanted.get(contact_of(extension)), sight) for extension in lent(voice)}
    refused = {extension: before.get(extension, 0) if code is None else code for extension, code in codes.items()}
    return {extension: code for extension, code in refused.items() if code >= 300}


def health_of(listing: Any) -> dict[str, TrunkHealth]:
    """dispatcher.list by ADDRESS:PORT, as sockets.uri() writes it."""
    return {
        str(target["DEST"]["URI"]).removeprefix("sip:"): HEALTH.get(
            str(target["DEST"]["FLAGS"])[:1], TrunkHealth.SILENT
        )
        for record in (listing or {}).get("RECORDS", [])
        for target in record["SET"]["TARGETS"]
    }


def registered_of(dump: list[dict[str, Any]]) -> dict[str, Registered]:
    """uac.reg_dump by trunk."""
    return {
        str(entry["l_uuid"]): Registered(
            online=bool(int(entry["flags"]) & ONLINE),
            for_s=int(entry["diff_expires"]),
            asking=bool(int(entry["flags"]) & ASKING),
        )
        for entry in dump
    }


def said_of(dump: Any) -> dict[str, str]:
    """Keys and values of an htable.dump."""
    return {str(item["name"]): str(item["value"]) for slot in dump or [] for item in slot["slot"]}


def counts_of(dump: Any) -> dict[str, int]:
    """An htable.dump of counters."""
    return {name: int(count) for name, count in said_of(dump).items()}


def _state(voice: VoiceSection, name: str, way: CloudPbx | Trunk, sight: TrunkSight | None) -> TrunkState:
    kind = "cloud" if isinstance(way, CloudPbx) else way.kind.value
    limit = None if isinstance(way, CloudPbx) else way.channels
    if sight is None:
        return TrunkState(name=name, kind=kind, address=uri(way), health=TrunkHealth.UNKNOWN, channels=limit)
    probed = dispatcher_set(voice, way) is not None
    health = sight.health.get(uri(way), TrunkHealth.UNKNOWN) if probed else TrunkHealth.UNPROBED
    refusal = _refusal("call", sight.said.get(f"{name}::call"))
    refused_calls = sight.refused.get(name, 0)
    refused_code = sight.refused.get(f"{name}::code") if refused_calls else None
    if isinstance(way, CloudPbx) or way.kind != TrunkKind.REGISTRATION:
        return TrunkState(
            name=name,
            kind=kind,
            address=uri(way),
            health=health,
            calls=sight.calls.get(name),
            channels=limit,
            refused_calls=refused_calls,
            refused_code=refused_code,
            last_refusal=refusal,
        )
    entry = sight.registered.get(name, Registered(online=False, for_s=0))
    registered = entry.online and entry.for_s > 0
    answer = _refusal("registration", sight.said.get(f"{way.username}@{way.address}:{way.port}"))
    refused = not registered and answer is not None and answer.code >= 300
    return TrunkState(
        name=name,
        kind=kind,
        address=uri(way),
        health=health,
        registration=(
            RegistrationState.REGISTERED
            if registered
            else RegistrationState.REFUSED
            if refused
            else RegistrationState.SILENT
        ),
        registered_for_s=entry.for_s if registered else None,
        calls=sight.calls.get(name),
        channels=limit,
        refused_calls=refused_calls,
        refused_code=refused_code,
        last_refusal=answer if refused else refusal,
    )


def _upstream_code(wanted: Registration | None, sight: TrunkSight) -> int | None:
    """What its registrar last said; 0: nothing against us; None: it is being asked."""
    entry = sight.registered.get(wanted.l_uuid) if wanted is not None else None
    if wanted is None or entry is None or entry.online:
        return 0
    if entry.asking:
        return None
    row = sight.said.get(f"{wanted.r_username}@{wanted.auth_proxy.removeprefix('sip:').partition(';')[0]}", "0")
    return int(row.partition("|")[0])


def _refusal(of: str, row: str | None) -> TrunkRefusal | None:
    """CODE|UNIX TIME|REALM|REASON, as trunks.cfg writes it."""
    if row is None:
        return None
    code, at, realm, reason = row.split("|", 3)
    moment = utc_text(datetime.fromtimestamp(int(at), UTC))
    return TrunkRefusal(of=of, code=int(code), reason=reason, realm=realm or None, at=moment)
