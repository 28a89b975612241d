"""web with the real alerts daemon: what the scripted one promises, kept."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any

import pytest

SCENARIO = """
[[alerts.scenarios]]
id = "inondation"
title = "Inondation"
text = "{site}, {time} : la Vilaine déborde. Répondez OK."
lists = ["Quai"]
"""


@pytest.fixture
def town_hall(web: Any) -> Any:
    """Real alerts with 20 contacts, one of them without a number that works."""
    web.root.write_site(web.root.paths.site_file.read_text() + SCENARIO)
    contacts = web.root.folder / "contacts.csv"
    rows = [f"Nom{n};Anne;06000000{n:02d};Quai" for n in range(20)]
    contacts.write_text("\n".join(["Nom;Prénom;Mobile;Listes", *rows]) + "\n")
    web.root.start("alerts")
    assert web.root.repli("alerts", "import", str(contacts)).returncode == 0
    web.start()
    return web


def test_one_click_is_one_campaign_even_when_alerts_is_killed(town_hall: Any, tools: Any):
    client = town_hall.logged_in()
    url = client.get("/confirmer/inondation").headers["location"]
    page = client.get(url)
    assert "Envoyer l'alerte à 20\u00a0personnes" in unescape(page.text)
    assert "la Vilaine déborde" in page.text
    assert "{site}" not in page.text
    fields = {**tools.hidden_fields(page.text), "mot": "ENVOYER"}
    sent = client.post(url, data=fields)
    assert sent.headers["location"] == "/suivi/1?acceptee=1"
    town_hall.root.running["alerts"].kill()
    assert client.post(url, data=fields).status_code == 503
    town_hall.root.start("alerts")
    assert client.post(url, data=fields).headers["location"] == "/suivi/1?deja=1"
    follow = unescape(client.get("/suivi/1").text)
    assert re.search(r"Alerte acceptée à \d\d:\d\d, n°\s1\b", follow)
    assert len(re.findall("follow-person-row", follow)) == 20


def test_home_lists_the_campaign(town_hall: Any, tools: Any):
    client = town_hall.logged_in()
    url = client.get("/exercice/inondation").headers["location"]
    client.post(url, data={**tools.hidden_fields(client.get(url).text), "mot": "EXERCICE"})
    deadline = time.monotonic() + 30
    while 'data-testid="home-follow-1"' not in client.get("/").text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "Suivre l'exercice" in unescape(client.get("/").text)
