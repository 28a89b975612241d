"""What a test does at the pages by plain HTTP, in steps a person would name."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx


def confirm_url(client: httpx.Client, scenario: str = "inondation", entrance: str = "/confirmer") -> str:
    """Open the confirm page; its address, with the request id in it."""
    answer = client.get(f"{entrance}/{scenario}")
    assert answer.status_code == 303
    return answer.headers["location"]


def order(client: httpx.Client, tools: Any, url: str, word: str = "ENVOYER") -> httpx.Response:
    """Fill in the confirm form of that page and send it."""
    page = client.get(url)
    assert page.status_code == 200, page.text
    return client.post(url, data={**tools.hidden_fields(page.text), "mot": word})


def text_of(answer: httpx.Response) -> str:
    """The page's text with ordinary spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))
