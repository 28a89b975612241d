"""The data bearer of a modem: what the operator of its SIM wants to be told."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from edge.shared.model.base import Broken, Given, InterfaceName, Section

TEXT = r'^[^"\x00-\x1f\x7f-\U0010ffff]*$'  # it stands between quotes in an AT command


class PdpType(StrEnum):
    """Addresses of a bearer."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    IPV4V6 = "ipv4v6"


class BearerAuth(StrEnum):
    """How name and password are told."""

    NONE = "none"
    PAP = "pap"
    CHAP = "chap"


class BearerSection(Section):
    """The data bearer of one modem, kept up by the modem daemon for uplinks' link with `modem = NAME`."""

    apn: str = Field(
        min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$", description="Access point of the operator"
    )
    interface: InterfaceName = Field(
        description="Network interface of the modem (wwan0, usb0), as uplinks' link names it"
    )
    pdp_type: PdpType = Field(PdpType.IPV4, description="Addresses asked for")
    auth: BearerAuth = Field(BearerAuth.NONE, description="How name and password are told")
    user: str | None = Field(None, min_length=1, max_length=64, pattern=TEXT, description="Name, with pap and chap")
    password: str | None = Field(None, min_length=1, max_length=64, pattern=TEXT, description="Password of it")
    roaming: bool = Field(False, description="Also on other operators' networks, which may cost much")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Name and password belong to an authentication."""
        wants = given.get("auth") not in (None, BearerAuth.NONE)
        for name in ("user", "password"):
            if wants and given.get(name) is None:
                yield Broken((name,), "missing", "missing")
            if not wants and given.get(name) is not None:
                yield Broken((name,), "not_allowed", "without auth", {"with": "auth"})
