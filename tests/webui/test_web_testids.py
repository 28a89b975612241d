"""docs/interfaces.md names every data-testid of the pages, and only those."""

from __future__ import annotations

import re
from pathlib import Path

from webui.pages import TEMPLATES
from webui.progress import Group

PAGE = Path(__file__).parents[2] / "docs" / "interfaces.md"

# What a template fills in, and what stands for it on the page.
FILLED = {
    "service-{{ line.id }}": ["service-internet", "service-telephones", "service-sms", "service-alerts"],
    "pad-{{ digit }}": [f"pad-{digit}" for digit in "123456789"],
    "home-follow-{{ campaign.number }}": ["home-follow-N"],
    "scenario-{{ scenario.id }}": ["scenario-ID"],
    "follow-{{ id }}": [
        f"follow-{id_}" for id_ in ("people", "accepted", "acknowledged", "negative", "silent", "failed")
    ],
    "follow-list-{{ one }}": [f"follow-list-{group}" for group in Group],
    "error-{{ kind }}": [],  # pages outside the path
}
OUTSIDE_THE_PATH = {"error-back"}


def in_templates() -> set[str]:
    found = set()
    for template in TEMPLATES.glob("*.html"):
        for name in re.findall(r'data-testid="([^"]+)"', template.read_text()):
            found |= set(FILLED[name]) if "{{" in name else {name}
    return found - OUTSIDE_THE_PATH


def on_page() -> set[str]:
    text = PAGE.read_text().partition("### `data-testid` of the pages")[2].partition("\n## ")[0]
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| "))
    names = set(re.findall(r"`([\w-]+)`", rows))
    if "pad-0" in names:  # the row says pad-0 ... pad-9
        names |= {f"pad-{digit}" for digit in range(10)}
    return names


def test_the_names_on_the_page_are_those_of_the_templates():
    assert on_page() == in_templates()
