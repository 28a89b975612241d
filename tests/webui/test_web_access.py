"""Who gets to see the pages, by plain HTTP: logging in and out, forms from elsewhere, what every answer forbids."""

from __future__ import annotations

import json
import re
import socket
from html import unescape
from typing import Any

import pytest

from tests.webui.visits import confirm_url, order, text_of


@pytest.mark.parametrize(
    "path", ["/", "/declencher", "/exercice", "/confirmer/inondation", "/suivi/17", "/flux", "/suivi/17/flux"]
)
def test_nothing_is_shown_without_a_session(served: Any, path: str):
    answer = served.client().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/connexion")


def test_login_leads_back_to_the_page_that_was_wanted(served: Any):
    with served.client() as client:
        wanted = client.get("/suivi/17?liste=tous").headers["location"]
        target = re.search(r'name="suite" value="([^"]+)"', client.get(wanted).text)
        assert target is not None
        done = client.post("/connexion", data={"pin": "2580", "suite": unescape(target[1])})
        assert done.headers["location"] == "/suivi/17?liste=tous"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "//[", "http://[evil/"],
)
def test_login_leads_nowhere_else(served: Any, elsewhere: str):
    done = served.client().post("/connexion", data={"pin": "2580", "suite": elsewhere})
    assert done.headers["location"] == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(served: Any):
    cookie = served.client().post("/connexion", data={"pin": "2580"}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert f"max-age={12 * 3600}" in cookie
    assert "secure" not in cookie, "by plain HTTP, a browser would never send it back"


def test_behind_an_https_address_the_cookie_never_goes_by_plain_http(web: Any, neighbours: Any):
    document = web.root.paths.site_file.read_text()
    web.root.write_site(document.replace("[web]", '[web]\nbase_url = "https://repli.mairie.example"'))
    web.start()
    cookie = web.client().post("/connexion", data={"pin": "2580"}).headers["set-cookie"].lower()
    assert "; secure" in cookie


def test_without_any_pin_the_login_page_says_how_to_set_one(web: Any, neighbours: Any):
    (web.root.paths.state("web") / "pins.json").unlink()
    web.start()
    page = web.client().get("/connexion")
    assert "repli web pin set" in page.text
    assert served_status(web)["issues"][0]["id"] == "web.no_pin"
    assert web.client().post("/connexion", data={"pin": "2580"}).status_code == 403
    web.root.repli("web", "pin", "set", "2580")  # read at the next login, without a restart
    assert web.client().post("/connexion", data={"pin": "2580"}).status_code == 303


def served_status(web: Any) -> dict[str, Any]:
    """fr.repli.web.Status, by the wire."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(web.root.paths.socket("web")))
        sock.sendall(b'{"method": "fr.repli.web.Status"}\0')
        raw = b""
        while not raw.endswith(b"\0"):
            raw += sock.recv(65536)
    return json.loads(raw[:-1])["parameters"]


def test_status_says_where_the_pages_are_and_who_is_there(served: Any):
    served.logged_in()
    status = served_status(served)
    assert status["state"] == "ok"
    assert status["summary"] == {"url": served.url, "listening": "yes", "sessions": "1"}


def test_guessing_a_pin_is_stopped_also_over_a_restart(served: Any):
    client = served.client()
    answers = [client.post("/connexion", data={"pin": "9999"}).status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]
    assert client.post("/connexion", data={"pin": "2580"}).status_code == 429  # even the right one waits
    served.root.running["web"].kill()
    served.start()
    refused = client.post("/connexion", data={"pin": "2580"})
    assert refused.status_code == 429
    assert re.search(r"Attendez \d+ secondes?", text_of(refused))


def test_a_session_outlives_a_killed_web(served: Any):
    client = served.logged_in()
    served.root.running["web"].kill()
    served.start()
    assert client.get("/").status_code == 200


def test_logging_out_ends_the_session(served: Any, tools: Any):
    client = served.logged_in()
    token = client.cookies["repli_session"]
    fields = tools.hidden_fields(client.get("/").text)
    assert client.post("/deconnexion", data=fields).headers["location"] == "/connexion"
    with served.client() as thief:
        thief.cookies.set("repli_session", token)
        assert thief.get("/").status_code == 303


def test_a_form_from_elsewhere_does_nothing(served: Any, tools: Any, neighbours: Any):
    client = served.logged_in()
    url = confirm_url(client)
    fields = {**tools.hidden_fields(client.get(url).text), "mot": "ENVOYER"}
    forged = client.post(url, data={**fields, "csrf": "x" * 32})
    without = client.post(url, data={key: value for key, value in fields.items() if key != "csrf"})
    foreign = client.post(url, data=fields, headers={"origin": "http://evil.example"})
    cross = client.post(url, data=fields, headers={"sec-fetch-site": "cross-site"})
    assert [answer.status_code for answer in (forged, without, foreign, cross)] == [403] * 4
    assert "Rien n'a été fait" in text_of(forged)
    assert neighbours.alerts.orders == []
    assert (
        served.client().post("/connexion", data={"pin": "2580"}, headers={"origin": "http://evil.example"}).status_code
        == 403
    )


def test_a_form_that_is_far_too_large_is_not_read(served: Any):
    assert served.client().post("/connexion", data={"pin": "1" * 20_000}).status_code == 413


@pytest.mark.parametrize("path", ["/", "/connexion", "/declencher", "/static/repli.js", "/rien"])
def test_every_answer_carries_a_strict_policy(served: Any, path: str):
    headers = served.logged_in().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


def test_no_page_has_anything_inline_or_from_elsewhere(served: Any, tools: Any):
    client = served.logged_in()
    sent = order(client, tools, confirm_url(client))
    paths = ["/", "/declencher", confirm_url(client), sent.headers["location"], "/exercice", "/rien"]
    for path in paths:
        page = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|<script [^>]*>[^<]", page), path
        assert re.findall(r'(?:src|href|action)="(?!/|#|\?|tel:|")[^"]*"', page) == [], path
