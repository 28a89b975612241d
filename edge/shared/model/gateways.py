"""Part of section modem: IP gateways that take SMS, and which messages go to them first."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from edge.shared.model.base import Broken, Given, Section, Slug, duplicates
from edge.shared.model.gateways_http import HttpProfile, HttpRules


class Route(StrEnum):
    """Which way messages of one severity take."""

    GATEWAY_FIRST = "gateway_first"  # a modem when no gateway is reachable, or when one refused the message
    MODEM_FIRST = "modem_first"  # a gateway when no modem is ready
    GATEWAY_ONLY = "gateway_only"
    MODEM_ONLY = "modem_only"


class GatewayKind(StrEnum):
    """How a gateway is spoken to."""

    SMPP = "smpp"
    HTTP = "http"


class Gateway(Section):
    """One account at a provider of SMS."""

    name: Slug = Field(description="What people call it; no modem has the same name")
    kind: GatewayKind = Field(GatewayKind.SMPP, description="How it is spoken to")
    host: str = Field("", max_length=253, description="Name or address of its SMPP server")
    port: int = Field(2775, ge=1, le=65_535, description="TCP port of its SMPP server")
    tls: bool = Field(False, description="SMPP inside TLS, its certificate verified")
    tls_ca: str | None = Field(None, description="File of the authorities trusted; absent: those of the system")
    account: str = Field("", max_length=64, description="system_id given by the provider")
    password: str = Field("", max_length=64, description="Password given by the provider")
    sender: str = Field("", max_length=20, description="Name (11 letters) or number shown on phones; absent: its own")
    country_code: str = Field(
        "33", pattern=r"^[1-9][0-9]{0,2}$", description="Put before numbers that are written as dialled at home"
    )
    window: int = Field(10, ge=1, le=1000, description="Segments handed over and not yet answered")
    per_second: float = Field(20.0, ge=0.1, le=10_000, description="Segments a second that the account allows")
    answer_timeout_s: float = Field(10.0, gt=0, le=120, description="Longest wait for any answer of it")
    http: HttpRules | None = Field(None, description="Its HTTP API; `window` is the requests at a time")
    enquire_s: float = Field(30.0, gt=0, le=3600, description="Silence after which it is asked whether it is there")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """SMPP: a server and an account. HTTP: its API, and OVHcloud's an account and its secret."""
        needed: tuple[str, ...] = ("host", "account")
        if given.get("kind") == GatewayKind.HTTP:
            is_ovh = given.part("http").get("profile") == HttpProfile.OVH
            needed = ("http", "account", "password", "sender") if is_ovh else ("http",)
        for name in needed:
            if not given.get(name):
                yield Broken((name,), "missing", "missing")


def names_apart(modem: Given) -> Iterator[Broken]:
    """Of section modem: each way to send has a name of its own."""
    yield from duplicates(modem, "gateways", "name")
    modems = [device.get("name") for device in modem.parts("devices")]
    for index, gateway in enumerate(modem.parts("gateways")):
        name = gateway.get("name")
        if name is not None and name in modems:
            yield Broken(("gateways", index, "name"), "duplicate", f"{name} is a modem", {"value": str(name)})
