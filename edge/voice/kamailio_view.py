"""What Kamailio says of itself, in our words. The parsing is pure; KamailioView does the calls."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.shared.clock import Clock
from edge.shared.messages.voice import Phone, VoiceMode
from edge.voice.brands import brand_of
from edge.voice.decision import Cloud, Sight
from edge.voice.inventory import Held, behind_nat
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused, RpcSilent

log = logging.getLogger(__name__)

UNSET = "[not set]"
CLOUD_SET = "1"
FROM_CLOUD = 2  # branch flag 1: kamailio.cfg, FLB_CLOUD


@dataclass(frozen=True)
class Run:
    """Which start of Kamailio answers, and from which start-up values."""

    id: str
    digest: str
    version: str = ""  # of the tables in force
    dispatcher: str = ""  # which list of the dispatcher was loaded


@dataclass(frozen=True)
class Look:
    """One look: which Kamailio, and what it sees."""

    run: Run | None
    sight: Sight


class KamailioView:
    """Asks Kamailio."""

    def __init__(self, rpc: KamailioRpc, clock: Clock) -> None:
        self.rpc = rpc
        self.clock = clock

    async def look(self) -> Look:
        """One look; a silent Kamailio is something seen, not an error."""
        try:
            held = items_of(await self.rpc.call("htable.dump", "run"))
            run = Run(held["id"], held["digest"], held["version"], held["dispatcher"])
            flag = VoiceMode(held["mode"])
            cloud = cloud_state(await self.rpc.targets())
        except (RpcSilent, RpcRefused, KeyError, ValueError) as error:
            log.debug("Kamailio: %s", error)
            return Look(None, Sight(answers=False))
        return Look(run, Sight(answers=True, flag=flag, cloud=cloud))

    async def phones(self) -> list[Phone]:
        """Everybody registered. Raises RpcSilent, RpcRefused."""
        return [one.phone for one in await self.held()]

    async def run_id(self) -> str:
        """Which start of Kamailio answers. Raises RpcSilent, RpcRefused."""
        return str((await self.rpc.call("htable.get", "run", "id"))["item"]["value"])

    async def held(self) -> list[Held]:
        """Every contact. Raises RpcSilent, RpcRefused.

        One extension after the other: an answer over 128 kB, some 150 phones, does not fit the socket.
        """
        agents = items_of(await self.rpc.call("htable.dump", "agent"))
        now = int(self.clock.now().timestamp())
        held: list[Held] = []
        for extension in await self.registered():
            try:
                held += held_of(await self.rpc.call("ul.lookup", "location", extension), agents, now)
            except RpcRefused:
                continue  # it left in between
        return sorted(held, key=lambda one: (one.phone.extension, one.phone.contact))

    async def registered(self) -> list[str]:
        """The extensions that have a phone. Raises RpcSilent, RpcRefused."""
        return extensions_of(await self.rpc.call("ul.dump", "brief"))


def items_of(dump: Any) -> dict[str, str]:
    """Keys and values of an htable.dump."""
    return {str(item["name"]): str(item["value"]) for slot in dump for item in slot["slot"]}


def cloud_state(listing: Any) -> Cloud | None:
    """What dispatcher.list says of set 1: A active, T trying, I inactive, D disabled. None: there is no cloud.

    One address that answers is enough.
    """
    flags: list[str] = []
    for record in (listing or {}).get("RECORDS", []):
        if str(record["SET"]["ID"]) != CLOUD_SET:
            continue
        flags += [str(target["DEST"]["FLAGS"])[:1] for target in record["SET"]["TARGETS"]]
    if "A" in flags:
        return Cloud.ANSWERS
    if "T" in flags:
        return Cloud.DOUBTFUL
    return Cloud.SILENT if flags else None


def extensions_of(brief: Any) -> list[str]:
    """The extensions of an `ul.dump brief`."""
    return [str(entry["AoR"]) for domain in brief["Domains"] for entry in domain["Domain"]["AoRs"]]


def held_of(lookup: Any, agents: Mapping[str, str], now: int) -> list[Held]:
    """The contacts of an ul.lookup. agents: table `agent` (rp=MD5 OF CONTACT -> UNIX TIME|USER AGENT); now: unix time."""
    return [
        _held(str(lookup["AoR"]), held["Contact"], agents, now)
        for held in lookup["Contacts"]
        if isinstance(held["Contact"]["Expires"], int)
    ]


def _held(extension: str, contact: dict[str, Any], agents: Mapping[str, str], now: int) -> Held:
    by_cloud = bool(int(contact["CFlags"]) & FROM_CLOUD)
    uri = str(contact["Address"])
    if by_cloud:
        # What such a contact carries as its agent is the RPC's own name, and no time.
        registered, _, agent = agents.get(token(uri), "").partition("|")
    else:
        registered, agent = str(contact["Last-Modified"]), str(contact["User-Agent"]).replace(UNSET, "")
    since = int(registered or "0")
    received = str(contact["Received"])
    hop = uri if received == UNSET else received
    address = hop.removeprefix("sip:").partition(";")[0]
    phone = Phone(
        extension=extension,
        contact=uri,
        address=address,
        user_agent=agent or None,
        brand=brand_of(agent),
        transport="tcp" if str(contact["Socket"]).startswith("tcp") else "udp",
        nat=behind_nat(uri, address),
        age_s=max(0, now - since) if since else None,
        expires_s=int(contact["Expires"]),
        cloud=by_cloud,
    )
    return Held(phone, since, hop, str(contact["Socket"]))


def token(contact: str) -> str:
    """What tells a device apart where only the box's own address stands: registrations.cfg."""
    return f"rp={hashlib.md5(contact.encode(), usedforsecurity=False).hexdigest()}"
