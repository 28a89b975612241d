"""Part of section modem: how a gateway is spoken to by HTTP, one request per message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import Field

from edge.shared.model.base import Broken, Given, Section

PLACE = re.compile(r"\{([a-z_]+)\}")  # the braces of JSON hold quotes or line ends, never a bare word
ACCOUNT_PLACES = frozenset({"account", "password", "sender"})
REPORT_PLACES = ACCOUNT_PLACES | {"id"}
SEND_PLACES = ACCOUNT_PLACES | {"number", "digits", "text", "reference", "validity_minutes"}
PLACES = "{number} (+33612345678), {digits}, {text}, {sender}, {reference}, {validity_minutes}, {account}, {password}"


class HttpProfile(StrEnum):
    """Whose API it is."""

    TEMPLATE = "template"  # as `send` and `report` say
    OVH = "ovh"  # OVHcloud's; account is the name of the SMS service (sms-ab12345-1), password the application secret


class HttpCall(Section):
    """A request with places to fill in, quoted as URL, JSON or form ask."""

    method: Literal["GET", "POST", "PUT"] = Field("POST", description="Method of the request")
    url: str = Field(pattern=r"^https?://[^/\s{}]+(/\S*)?$", max_length=1000, description="Its places: " + PLACES)
    headers: dict[str, str] = Field({}, description="Header lines; the same places")
    body: str = Field("", max_length=4000, description="JSON or a form; the same places. Absent: none")


class HttpRules(Section):
    """The requests of one API, and how to read its answers."""

    profile: HttpProfile = Field(HttpProfile.TEMPLATE, description="Whose API it is")
    base: str = Field("", max_length=200, description="Another address of the profile's API")
    application_key: str = Field("", max_length=200, description="ovh: key of the application")
    consumer_key: str = Field("", max_length=200, description="ovh: key of the consumer")
    send: HttpCall | None = Field(None, description="template: the request for one message")
    id_path: str = Field("id", max_length=200, description="Where the answer has the message id, as `ids.0`")
    report: HttpCall | None = Field(None, description="template: the request for its report; its place: {id}")
    state_path: str = Field("status", max_length=200, description="Where the report has the state")
    delivered: list[str] = Field([], description="States that mean: the phone has it")
    failed: list[str] = Field([], description="States that mean: it never will")
    poll_s: float = Field(10.0, gt=0, le=3600, description="First wait for a report; each next one is twice as long")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """What the profile cannot know; places that nothing is put into."""
        needed = ("application_key", "consumer_key") if given.get("profile") == HttpProfile.OVH else ("send",)
        for name in needed:
            if not given.get(name):
                yield Broken((name,), "missing", "missing")
        yield from _unknown_places(given, "send", SEND_PLACES)
        yield from _unknown_places(given, "report", REPORT_PLACES)


def _unknown_places(given: Given, name: str, known: frozenset[str]) -> Iterator[Broken]:
    call = given.part(name)
    headers = call.get("headers")
    lines = list(headers.values()) if isinstance(headers, dict) else []
    for text in (call.get("url"), call.get("body"), *lines):
        for place in PLACE.findall(text) if isinstance(text, str) else ():
            if place not in known:
                yield Broken((name,), "unknown_reference", f"{{{place}}}: no such place", {"value": place})
