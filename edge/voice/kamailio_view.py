"""What Kamailio says of itself, in our words. The parsing is pure; KamailioView does the calls."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from edge.shared.messages.voice import Phone, VoiceMode
from edge.voice.decision import Cloud, Sight
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

    def __init__(self, rpc: KamailioRpc) -> None:
        self.rpc = rpc

    async def look(self) -> Look:
        """One look; a silent Kamailio is something seen, not an error."""
        try:
            held = items_of(await self.rpc.call("htable.dump", "run"))
            run = Run(held["id"], held["digest"], held["version"], held["dispatcher"])
            flag = VoiceMode(held["mode"])
            cloud = cloud_state(await self._targets())
        except (RpcSilent, RpcRefused, KeyError, ValueError) as error:
            log.debug("Kamailio: %s", error)
            return Look(None, Sight(answers=False))
        return Look(run, Sight(answers=True, flag=flag, cloud=cloud))

    async def phones(self) -> list[Phone]:
        """Everybody registered. Raises RpcSilent, RpcRefused.

        One extension after the other: an answer over 128 kB, some 150 phones, does not fit the socket.
        """
        phones: list[Phone] = []
        for extension in await self.registered():
            try:
                phones += phones_of(await self.rpc.call("ul.lookup", "location", extension))
            except RpcRefused:
                continue  # it left in between
        return sorted(phones, key=lambda phone: (phone.extension, phone.contact))

    async def registered(self) -> list[str]:
        """The extensions that have a phone. Raises RpcSilent, RpcRefused."""
        return extensions_of(await self.rpc.call("ul.dump", "brief"))

    async def _targets(self) -> Any:
        try:
            return await self.rpc.call("dispatcher.list")
        except RpcRefused:
            return None  # an empty list is an error to it


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


def phones_of(lookup: Any) -> list[Phone]:
    """The contacts of an ul.lookup."""
    return [
        _phone(str(lookup["AoR"]), held["Contact"])
        for held in lookup["Contacts"]
        if isinstance(held["Contact"]["Expires"], int)
    ]


def _phone(extension: str, contact: dict[str, Any]) -> Phone:
    # What a contact granted by the cloud PBX carries as its agent is the RPC's own name.
    by_cloud = bool(int(contact["CFlags"]) & FROM_CLOUD)
    agent = str(contact["User-Agent"])
    received = str(contact["Received"])
    return Phone(
        extension=extension,
        contact=str(contact["Address"]),
        address=(str(contact["Address"]) if received == UNSET else received).removeprefix("sip:").partition(";")[0],
        user_agent=None if by_cloud or agent == UNSET else agent,
        expires_s=int(contact["Expires"]),
        cloud=by_cloud,
    )
