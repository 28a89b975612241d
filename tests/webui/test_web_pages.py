"""The pages by plain HTTP, as a browser without JavaScript sees them: the click that is never lost, and daemons that are dead."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from tests.webui.visits import confirm_url, order, text_of


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_liveness_needs_no_login(served: Any):
    answer = served.client().get("/sante")
    assert answer.status_code == 200
    assert answer.json() == {"schema": 1, "status": "ok"}


def test_a_number_no_campaign_can_have_is_no_page(served: Any):
    with served.client() as client:
        client.post("/connexion", data={"pin": "2580"})
        assert client.get("/suivi/99999999999999999999999").status_code == 404
        assert client.get("/suivi/99999999999999999999999/flux").status_code == 404


def test_two_screens_and_a_word_send_one_alert(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    choose = client.get("/declencher")
    assert 'data-testid="scenario-inondation"' in choose.text
    url = confirm_url(client)
    page = text_of(client.get(url))
    assert "Envoyer l'alerte à 412 personnes" in page
    assert "Annuler, ne rien envoyer" in page
    assert "restez chez vous et répondez OK" in page
    assert "SMS" in page
    assert "environ 21 minutes" in page
    assert neighbours.alerts.orders == []
    done = order(client, tools, url)
    assert done.status_code == 303
    follow = client.get(done.headers["location"])
    assert re.search(r"Alerte acceptée à \d\d:\d\d, n° 17", text_of(follow))
    (sent,) = neighbours.alerts.orders
    assert (sent.scenario, sent.exercise) == ("inondation", False)
    assert (sent.actor.user, sent.actor.role.value, sent.actor.via) == ("operator", "operator", "web")


@pytest.mark.parametrize("word", ["", "oui", "ENVOYE", "EXERCICE"])
def test_without_the_word_nothing_is_sent(served: Any, tools: Any, neighbours: Any, word: str):
    client = served.logged_in()
    refused = order(client, tools, confirm_url(client), word)
    assert refused.status_code == 422
    assert "Rien n'a été envoyé : tapez le mot ENVOYER" in text_of(refused)
    assert neighbours.alerts.orders == []


def test_the_same_page_sent_again_is_the_same_alert(served: Any, tools: Any, neighbours: Any):
    """Double tap, Back then send again, a reload of the answer: one request id, one alert."""
    client = served.logged_in()
    url = confirm_url(client)
    fields = {**tools.hidden_fields(client.get(url).text), "mot": "envoyer"}
    first = client.post(url, data=fields)
    again = client.post(url, data=fields)
    assert first.headers["location"].startswith("/suivi/17")
    assert again.headers["location"].startswith("/suivi/17")
    assert "rien n'a été envoyé deux fois" in text_of(client.get(again.headers["location"]))
    assert len(neighbours.alerts.campaigns) == 1
    assert len({sent.request_id for sent in neighbours.alerts.orders}) == 1
    back = client.get(url)  # Back, when the browser asks anew
    assert back.headers["location"].startswith("/suivi/17")


def test_the_request_id_outlives_a_new_login(served: Any, tools: Any):
    client = served.logged_in()
    url = confirm_url(client)
    with served.client() as later:
        login = later.post(url, data={"mot": "ENVOYER"}).headers["location"]
        target = re.search(r'name="suite" value="([^"]+)"', later.get(login).text)
        assert target is not None
        assert unescape(target[1]) == url


def test_the_same_scenario_within_the_hour_is_said_before_it_is_sent_again(served: Any, tools: Any):
    client = served.logged_in()
    order(client, tools, confirm_url(client))
    eventually(lambda: re.search(r"Déjà envoyée à \d\d:\d\d, n° 17", text_of(client.get(confirm_url(client)))))
    assert "Déjà envoyée" not in text_of(client.get(confirm_url(client, entrance="/exercice")))


def test_alerts_dead_at_the_click_says_so_and_lets_one_press_again(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    url = confirm_url(client)
    fields = {**tools.hidden_fields(client.get(url).text), "mot": "ENVOYER"}
    neighbours.stop("alerts")
    dead = client.post(url, data=fields)
    assert dead.status_code == 503
    text = text_of(dead)
    assert "le service d'alerte ne répond pas" in text
    assert "Plan B" in text
    assert "ne partira qu'une fois" in text
    again = tools.hidden_fields(dead.text)
    assert again["demande"] == fields["demande"]
    neighbours.start("alerts")
    sent = client.post(url, data=again)
    assert sent.headers["location"].startswith("/suivi/17")
    assert len(neighbours.alerts.campaigns) == 1


def test_alerts_slow_at_the_click_is_answered_in_time_and_still_sends_once(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    url = confirm_url(client)
    fields = {**tools.hidden_fields(client.get(url).text), "mot": "ENVOYER"}
    neighbours.alerts.busy = True
    waiting = client.post(url, data=fields)  # the page does not wait for alerts
    assert "n'a pas encore répondu" in text_of(waiting)
    assert neighbours.alerts.campaigns == []
    neighbours.alerts.busy = False
    again = client.post(url, data=tools.hidden_fields(waiting.text))
    assert again.headers["location"].startswith("/suivi/17")
    assert len(neighbours.alerts.campaigns) == 1


def test_alerts_dead_before_the_click(served: Any, neighbours: Any):
    client = served.logged_in()
    neighbours.stop("alerts")
    for path in ("/declencher", "/exercice", confirm_url(client)):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "Le service d'alerte ne répond pas" in text_of(answer)
        assert "Plan B" in text_of(answer)


def test_follow_with_alerts_dead_shows_the_last_known_figures(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    order(client, tools, confirm_url(client))
    neighbours.answer(17, 180)
    neighbours.wait_told()
    neighbours.stop("alerts")
    eventually(lambda: "180 ont confirmé" in text_of(client.get("/suivi/17")))
    answer = client.get("/suivi/17")
    assert answer.status_code == 503
    assert "son envoi reprendra là où il en était" in text_of(answer)


@pytest.mark.parametrize("dead", ["uplinks", "voice", "modem", "alerts"])
def test_each_daemon_may_be_dead(web: Any, neighbours: Any, dead: str):
    neighbours.start(*({"uplinks", "voice", "modem", "alerts"} - {dead}))
    web.start()
    page = web.logged_in().get("/")
    assert page.status_code == 200
    assert text_of(page).count("Ne répond pas") == 1


def test_every_daemon_may_be_dead(web: Any):
    web.start()
    page = web.logged_in().get("/")
    assert page.status_code == 200
    assert text_of(page).count("Ne répond pas") == 4


def test_a_frozen_daemon_does_not_slow_the_pages(served: Any, neighbours: Any):
    """A socket that takes calls and never answers, as a stopped process does."""

    async def never(*_: Any) -> Any:
        await asyncio.sleep(3600)

    neighbours.servers["uplinks"].on(neighbours.servers["uplinks"].interface.method("List"), never)
    client = served.logged_in()
    eventually(lambda: "Ne répond pas" in text_of(client.get("/")))

    def took() -> float:
        started = time.monotonic()
        assert "Ne répond pas" in text_of(client.get("/"))
        return time.monotonic() - started

    # Were it asked for each page, none would be there before ANSWER_S; a busy machine slows some of them, not all.
    assert min(took() for _ in range(10)) < 1


def test_more_than_six_scenarios_are_paged(served: Any, neighbours: Any, tools: Any):
    neighbours.alerts.scenarios = [tools.scenario(f"s{n}", f"Consigne {n}") for n in range(13)]
    client = served.logged_in()
    seen: list[str] = []
    for page in (1, 2, 3):
        text = client.get(f"/declencher?page={page}").text
        tiles = re.findall(r'data-testid="scenario-(s\d+|more)"', text)
        assert len(tiles) <= 6
        seen += [tile for tile in tiles if tile != "more"]
    assert seen == [f"s{n}" for n in range(13)]


def test_an_exercise_has_its_own_entrance_and_word(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    url = confirm_url(client, entrance="/exercice")
    page = client.get(url)
    assert "EXERCICE" in text_of(page).split("Confirmer")[0]  # first in the title
    assert "Envoyer l'exercice à 412 personnes" in text_of(page)
    assert order(client, tools, url, "ENVOYER").status_code == 422
    assert order(client, tools, url, "exercice").status_code == 303
    (sent,) = neighbours.alerts.orders
    assert sent.exercise is True


def test_unknown_pages_and_scenarios_are_said_in_words(served: Any):
    client = served.logged_in()
    for path in ("/rien", "/suivi/99", "/suivi/abc"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "Cette page n'existe pas" in text_of(answer)
    gone = client.get(confirm_url(client, "disparue"))
    assert gone.status_code == 404
    assert "Cette consigne n'existe plus" in text_of(gone)


def test_follow_lists_people_to_call_first_and_by_group(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    order(client, tools, confirm_url(client))
    neighbours.answer(17, 180, failed=12)
    page = client.get("/suivi/17")
    assert "412 personnes à prévenir : 400 prévenus, 180 ont confirmé, 220 sans réponse, 12 injoignables." in text_of(
        page
    )
    rows = re.findall(r'follow-person-row" data-tone="(\w+)"', page.text)
    assert rows[:13] == ["bad"] * 12 + ["unknown"]
    assert 'href="tel:+336' in page.text
    assert (
        re.findall(r'follow-person-row" data-tone="(\w+)"', client.get("/suivi/17?liste=echecs").text) == ["bad"] * 12
    )
    assert set(re.findall(r'follow-person-row" data-tone="(\w+)"', client.get("/suivi/17?liste=confirmes").text)) == {
        "good"
    }


def test_pages_speak_english_when_the_site_does(web: Any, neighbours: Any):
    site = web.root.paths.site_file.read_text().replace("[web]", 'language = "en"\n[web]')
    web.root.write_site(site)
    neighbours.start()
    web.start()
    client = web.logged_in()
    assert "Trigger an alert" in client.get("/").text
    assert "Send the alert to 412 people" in text_of(client.get(confirm_url(client)))
