"""The settings as Kamailio's htables and dispatcher list. Pure; the launcher renders them, voice pushes their changes.

Table `site`: domain, realm, answer_ms, cloud_ms and way_ms (how long silence is borne: in all, by each address of the
cloud PBX, by each way out), cloud_contact (what the cloud PBX is told instead of a phone's own contact), lan (networks
whose callers have the emergency table), outside::ADDRESS (listening there, open to the internet), ban_s,
emergency_caller (the site's number), emergency_extension (one that we can prove to the cloud PBX), sources (networks
that trunks' calls may come from), extension::NUMBER. Table `secret`: NUMBER -> HA1. Table `emergency`: what is dialled
-> the number meant, and preempts::NUMBER for those that end another call. Tables `way` and `trunk`: trunks.py;
`inbound`: inbound.py; `upstream`: upstream.py. Table `peer`: who speaks from an address, `cloud` or `trunk:NAME`;
source::N -> NETWORK|NAME. Tables of numbers and plans: plan_tables.py.

In Kamailio every key begins with VERSION:: (edge/voice/kamailio/tables_file.py), which kamailio.cfg writes as
$avp(version): a request goes by one version of all tables from its first line to its last reply.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from ipaddress import IPv4Network

from edge.shared.model.voice import CloudPbx, Extension, VoiceSection
from edge.voice.digests import ha1_of, realm
from edge.voice.emergency import forms, preempting
from edge.voice.inbound import inbound_table
from edge.voice.plan_tables import PLAN_TABLES, plan_tables
from edge.voice.sockets import clouds, listening, on_loopback, peers, socket_towards, uri
from edge.voice.standing import Standing
from edge.voice.trunks import Registration, dispatcher_list, registrations, trunk_table, way_table
from edge.voice.upstream import upstream_registrations, upstream_table

CLOUD_MS_MIN = 300  # as answer_timeout_ms itself
WAY_MS_MAX = 1500  # a dead way out costs an emergency call no more than this
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")  # RFC 1918, 3927, 1122
TABLES = ("site", "secret", "emergency", "way", "trunk", "inbound", "upstream", "peer", *PLAN_TABLES)


@dataclass(frozen=True)
class Tables:
    """Everything Kamailio is told, but for the start-up values."""

    htables: dict[str, dict[str, str]]
    dispatcher: str
    registrations: dict[str, Registration]

    @cached_property
    def version(self) -> str:
        """What the htables and registrations say, as a short name: the same rows have the same one, wherever they were
        made."""
        registrations = {name: asdict(one) for name, one in self.registrations.items()}
        return _digest(json.dumps([self.htables, registrations], sort_keys=True))

    @cached_property
    def dispatcher_digest(self) -> str:
        """What the dispatcher's list says, as a short name."""
        return _digest(self.dispatcher)


def tables(voice: VoiceSection, standing: Standing | None = None) -> Tables:
    """Make them. standing: whose calls go elsewhere for now."""
    return Tables(
        htables={
            "site": _site(voice),
            "secret": {one.number: secret for one in voice.extensions if (secret := ha1(one, voice)) is not None},
            "emergency": {
                **forms(voice),
                **{f"preempts::{number}": "1" for number in preempting(voice)},
            },
            "way": way_table(voice),
            "trunk": trunk_table(voice),
            "inbound": inbound_table(voice),
            "upstream": upstream_table(voice),
            "peer": _peers(voice),
            **plan_tables(voice, standing or {}),
        },
        dispatcher=dispatcher_list(voice),
        registrations={**registrations(voice), **upstream_registrations(voice)},
    )


def building(voice: VoiceSection) -> list[IPv4Network]:
    """The networks of the building's phones."""
    return voice.networks or [IPv4Network(network) for network in PRIVATE]


def ha1(extension: Extension, voice: VoiceSection) -> str | None:
    """What a phone proves itself by; None for an unprotected extension."""
    if extension.ha1 is not None:
        return extension.ha1.lower()
    if extension.password is None:
        return None
    return ha1_of(extension.number, realm(voice), extension.password)


def unprotected(voice: VoiceSection) -> list[str]:
    """Extensions that cannot prove who they are without the cloud PBX."""
    return [extension.number for extension in voice.extensions if ha1(extension, voice) is None]


def _site(voice: VoiceSection) -> dict[str, str]:
    site = {
        "domain": voice.domain,
        "realm": realm(voice),
        "answer_ms": str(voice.answer_timeout_ms),
        "cloud_ms": str(_cloud_ms(voice)),
        "way_ms": str(min(voice.answer_timeout_ms, WAY_MS_MAX)),
        "ban_s": str(voice.guard.ban_s),
        "lan": ",".join(str(network) for network in building(voice)),
    }
    if voice.listen and (cloud := clouds(voice)):
        site["cloud_contact"] = uri(socket_towards(cloud[0], listening(voice)))
    protected = [extension.number for extension in voice.extensions if ha1(extension, voice) is not None]
    if protected:
        site["emergency_extension"] = protected[0]
    if voice.emergency.caller:
        site["emergency_caller"] = voice.emergency.caller
    site.update({f"outside::{one.address}": "1" for one in voice.listen if one.outside})
    site["sources"] = ",".join(str(network) for trunk in voice.trunks for network in trunk.sources)
    site.update({f"extension::{extension.number}": "1" for extension in voice.extensions})
    return {key: value for key, value in site.items() if value}


def _peers(voice: VoiceSection) -> dict[str, str]:
    """Who speaks from ADDRESS:PORT, and from any port of ADDRESS where nobody else can live.

    A PBX may call from another port than the one it listens on. On loopback phones share its address: there only the
    port tells. Where cloud and trunk share an address, the ports tell too, and the rest is the cloud's.
    """
    entries: dict[str, str] = {}
    for peer in reversed(peers(voice)):
        who = "cloud" if isinstance(peer, CloudPbx) else f"trunk:{peer.name}"
        entries[f"{peer.address}:{peer.port}"] = who
        if not on_loopback(peer):
            entries[str(peer.address)] = who
    sources = [f"{network}|{trunk.name}" for trunk in voice.trunks for network in trunk.sources]
    entries.update({f"source::{number}": source for number, source in enumerate(sources)})
    return entries


def _cloud_ms(voice: VoiceSection) -> int:
    """How long each address of the cloud PBX may be silent, so that a caller does not wait longer for all of them."""
    return max(CLOUD_MS_MIN, voice.answer_timeout_ms // max(1, len(clouds(voice))))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
