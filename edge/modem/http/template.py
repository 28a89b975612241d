"""Requests made from templates, and what their answers say. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from edge.shared.model import HttpCall
from edge.shared.model.gateways_http import PLACE

ID_MAX = 200


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


def fill(call: HttpCall, values: Mapping[str, str]) -> Request:
    """Put values into their places, each quoted as its place asks: URL, JSON text, or form. Raises KeyError."""
    is_json = call.body.lstrip()[:1] in ("{", "[")
    return Request(
        call.method,
        PLACE.sub(lambda place: quote(values[place[1]], safe=""), call.url),
        {name: PLACE.sub(lambda place: _one_line(values[place[1]]), text) for name, text in call.headers.items()},
        PLACE.sub(lambda place: (_in_json if is_json else _in_form)(values[place[1]]), call.body),
    )


def find(body: bytes, path: str) -> str | None:
    """The value at a path like `ids.0` of a JSON answer; the whole answer for an empty path; None when it is not there."""
    text = body.decode("utf-8", errors="replace").strip()
    if not path:
        return text[:ID_MAX] or None
    try:
        found = json.loads(text)
        for step in path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return None if found is None or isinstance(found, dict | list) else str(found)[:ID_MAX]


def is_page(body: bytes) -> bool:
    """Whether it is a page for people, as a captive portal or a proxy answers in an API's place."""
    return body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _in_form(value: str) -> str:
    return quote(value, safe="")


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\0]", " ", value)
