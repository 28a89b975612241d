"""SMS through an HTTP API: OVHcloud's, and one of a template. The judge is what the provider accepted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modem.http import ovh as ovh_api
from edge.modem.http import template
from edge.modem.http.template import Request
from edge.modem.sending.throttle import PAUSE_MIN_S
from edge.shared.messages.modem import GatewayState, SegmentState
from edge.shared.model import HttpCall, HttpProfile, HttpRules
from edge.shared.section import SettingsRefused, parse_site
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.smsc.bench import GatewayBench
from hil.rig.virtual.smsc.http_centre import APPLICATION, CONSUMER, SECRET, SERVICE, HttpCentre

LONG = "Évacuation immédiate. Rejoignez le gymnase. " * 8
text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)


@given(text)
def test_a_value_stays_what_it_is_wherever_it_is_put(value: str) -> None:
    call = HttpCall(url="https://sms.example/send?to={number}", body='{"a": {"text": "{text}"}, "b": []}')
    filled = template.fill(call, {"number": value, "text": value})
    assert parse_qs(urlsplit(filled.url).query, keep_blank_values=True) == {"to": [value]}
    assert json.loads(filled.body) == {"a": {"text": value}, "b": []}
    form = template.fill(HttpCall(url="https://sms.example/", body="text={text}&x=1"), {"text": value})
    assert parse_qs(form.body, keep_blank_values=True) == {"text": [value], "x": ["1"]}


@given(text)
def test_no_value_adds_a_header(value: str) -> None:
    call = HttpCall(url="https://sms.example/", headers={"X-To": "{text}"})
    assert not set("\r\n\0") & set(template.fill(call, {"text": value}).headers["X-To"])


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        (b'{"ids": [7]}', "ids.0", "7"),
        (b'{"data": {"ref": "m1"}}', "data.ref", "m1"),
        (b'{"ids": []}', "ids.0", None),
        (b'{"ids": {"a": 1}}', "ids", None),
        (b"OK 17\n", "", "OK 17"),
        (b"<html>", "ids.0", None),
        (b"", "", None),
    ],
)
def test_what_an_answer_says(body: bytes, path: str, found: str | None) -> None:
    assert template.find(body, path) == found


def test_a_request_is_signed_as_by_the_providers_own_client() -> None:
    """The headers that python-ovh 1.2 made of this request."""
    url, body = (
        "https://eu.api.ovh.com/1.0/sms/sms-ab12345-1/jobs",
        r'{"receivers":["+33612345678"],"message":"Crue \u00e9"}',
    )
    keys = HttpRules(profile=HttpProfile.OVH, application_key="app-key", consumer_key="consumer-key")
    signed = ovh_api.signed(Request("POST", url, {}, body), keys, "app-secret", 1795886561)
    assert signed.headers["X-Ovh-Signature"] == "$1$691e3a7cd9c7c12206dec6815cc8325be206c9d1"
    assert (signed.headers["X-Ovh-Application"], signed.headers["X-Ovh-Consumer"]) == ("app-key", "consumer-key")


@pytest.fixture
def centre() -> Iterator[HttpCentre]:
    centre = HttpCentre()
    centre.start()
    try:
        yield centre
    finally:
        centre.stop()


@pytest.fixture
def bench(root: LocalRoot) -> Iterator[GatewayBench]:
    bench = GatewayBench(root)
    try:
        yield bench
    finally:
        bench.stop()


def ovh(
    bench: GatewayBench, centre: HttpCentre, secret: str = SECRET, window: int = 10, answer_timeout_s: float = 2
) -> None:
    bench.write_http(
        f'account = "{SERVICE}"\npassword = "{secret}"\nsender = "MAIRIE"\nper_second = 100\n'
        f"window = {window}\nanswer_timeout_s = {answer_timeout_s}\n"
        f'http = {{ profile = "ovh", base = "{centre.base}", application_key = "{APPLICATION}",'
        f' consumer_key = "{CONSUMER}", poll_s = 0.2 }}'
    )


def test_ovh_takes_each_message_once_and_whole_and_its_reports_are_asked_for(
    bench: GatewayBench, centre: HttpCentre
) -> None:
    ovh(bench, centre, window=2)  # fewer than a long message has parts
    bench.start()
    words = [LONG, 'Ça brûle 🚨 "ici"']
    wanted = {f"+3361234{number:04d}": f"{number} {words[number % 2]}" for number in range(8)}
    for phone, text_sent in wanted.items():
        bench.send(phone, text_sent, phone)
    bench.wait_all()
    assert sorted((one["receivers"][0], one["message"]) for one in centre.accepted) == sorted(wanted.items())
    assert {(one["sender"], one["noStopClause"]) for one in centre.accepted} == {("MAIRIE", True)}


def test_a_wrong_secret_is_said_and_the_modem_sends(bench: GatewayBench, centre: HttpCentre) -> None:
    bench.add_modem(options=["--latency", "0.02"])
    ovh(bench, centre, secret="wrong")
    bench.start()
    bench.wait_bound()
    bench.send("+33612340000", "Crue", "a")
    bench.wait_all()
    assert centre.accepted == []
    assert len(bench.accepted()) == 1
    for _connected_again in range(2):
        assert [(issue.id, issue.data["reason"]) for issue in bench.issues()] == [("modem.gateway_refused", "HTTP 403")]
        assert bench.gateways()[0].state is GatewayState.REFUSED
        time.sleep(1.2)


def test_once_the_secret_is_right_it_is_used_again(bench: GatewayBench, centre: HttpCentre) -> None:
    bench.add_modem(options=["--latency", "0.02"])
    ovh(bench, centre)
    bench.start()
    bench.wait_bound()
    centre.faults = ["403"]
    bench.send("+33612340000", "Crue", "a")
    bench.wait_all()
    assert [issue.id for issue in bench.issues()] == ["modem.gateway_refused"]

    def taken() -> bool:
        """One by one they are tried there, once it is connected to again."""
        bench.send("+33612340001", "Crue", f"try {len(bench.outbox())}")
        bench.wait_all()
        return bool(centre.accepted)

    bench.wait(taken)
    bench.wait_bound()
    assert bench.issues() == []


def test_refused_throttled_and_closed(bench: GatewayBench, centre: HttpCentre) -> None:
    modem = bench.add_modem(options=["--latency", "0.02"])
    ovh(bench, centre)
    bench.start()
    bench.wait_bound()
    centre.faults = ["429", "503", "400"]
    bench.send("+33612340000", LONG, "a")
    bench.wait_all()
    assert centre.accepted == []
    assert "".join(line.text for line in sorted(modem.log(), key=lambda line: line.part)) == LONG


@pytest.mark.parametrize("fault", ["page", "no_id"])
def test_a_yes_that_is_none_leaves_the_message_to_the_modem_and_is_said(
    bench: GatewayBench, centre: HttpCentre, fault: str
) -> None:
    """A captive portal answers 200 to everything, and OVHcloud to a number it would not have."""
    modem = bench.add_modem(options=["--latency", "0.02"])
    ovh(bench, centre)
    bench.start()
    bench.wait_bound()
    centre.faults = [fault]
    bench.send("+33612340000", "Crue", "a")
    bench.wait_all()
    assert [line.text for line in modem.log()] == ["Crue"]
    assert bench.outbox()[0].segments[0].maybe_dup
    assert [issue.id for issue in bench.issues()] == ["modem.gateway_refuses"]


def test_an_answer_that_comes_octet_by_octet_holds_nothing_up(bench: GatewayBench, centre: HttpCentre) -> None:
    ovh(bench, centre, window=1, answer_timeout_s=1)
    bench.start()
    bench.wait_bound()
    centre.faults = ["octets"]
    bench.send("+33612340000", "Crue", "a")
    bench.wait(lambda: bench.states() == [SegmentState.UNCERTAIN])
    bench.send("+33612340001", "Crue", "b")
    bench.wait(lambda: len(centre.accepted) >= 2)


def test_letters_that_no_header_and_no_address_holds_reach_the_gateway(bench: GatewayBench, centre: HttpCentre) -> None:
    address = f"http://127.0.0.1:{centre.port}"
    headers = '{ "X-Text" = "{text}" }'
    bench.write_http(
        f'http.send = {{ url = "{address}/été", headers = {headers}, body = \'{{"text": "{{text}}"}}\' }}\n'
        'http.id_path = "data.ref"\n'
    )
    bench.start()
    bench.send("+33612340000", "Œuf à 2 €", "a")
    bench.wait(lambda: bench.states() == [SegmentState.SUBMITTED])
    assert centre.accepted == [{"text": "Œuf à 2 €"}]


def test_what_is_no_request_is_refused_and_holds_nothing_up(bench: GatewayBench, centre: HttpCentre) -> None:
    modem = bench.add_modem(options=["--latency", "0.02"])
    bench.write_http(f'http.send = {{ url = "http://127.0.0.1:{centre.port}/", headers = {{ "é à" = "x" }} }}\n')
    bench.start()
    bench.send("+33612340000", "Crue", "a")
    bench.wait_all()
    assert [line.text for line in modem.log()] == ["Crue"]


@pytest.mark.parametrize("fault", ["lost_answer", "500"])
def test_a_lost_answer_is_sent_again_only_after_the_window_and_marked(
    bench: GatewayBench, centre: HttpCentre, fault: str
) -> None:
    ovh(bench, centre)
    bench.start()
    bench.wait_bound()
    centre.faults = [fault]
    bench.send("+33612340000", "Crue", "a")
    bench.wait(lambda: bench.states() == [SegmentState.UNCERTAIN])
    assert len(centre.accepted) == 1
    bench.wait_all()
    assert len(centre.accepted) == 2
    assert bench.outbox()[0].segments[0].maybe_dup


def test_nobody_there_the_modem_sends_and_the_gateway_is_used_when_it_is_back(
    bench: GatewayBench, centre: HttpCentre
) -> None:
    bench.add_modem(options=["--latency", "0.02"])
    ovh(bench, centre)
    centre.stop()
    bench.start()
    bench.send("+33612340000", "Crue", "a")
    bench.wait_all()
    assert bench.gateways()[0].state is GatewayState.UNREACHABLE
    assert len(bench.accepted()) == 1
    centre.start()
    bench.wait_bound()
    bench.send("+33612340001", "Crue", "b")
    bench.wait_all()
    assert [one["receivers"] for one in centre.accepted] == [["+33612340001"]]


def test_any_api_by_a_template(bench: GatewayBench, centre: HttpCentre) -> None:
    address = f"http://127.0.0.1:{centre.port}"
    body = '{"to": "{digits}", "text": "{text}", "key": "{password}"}'
    bench.write_http(
        'password = "key"\n'
        f"http.send = {{ url = \"{address}/send\", body = '{body}' }}\n"
        f'http.report = {{ method = "GET", url = "{address}/state/{{id}}" }}\n'
        'http.id_path = "data.ref"\nhttp.state_path = "state"\nhttp.delivered = ["DELIVERED"]\nhttp.poll_s = 0.2\n'
    )
    bench.start()
    bench.send("0612340000", "Crue", "a")
    bench.wait_all()
    assert centre.accepted == [{"to": "33612340000", "text": "Crue", "key": "key"}]


def test_a_number_is_international_where_it_can_be_and_a_short_one_stays(
    bench: GatewayBench, centre: HttpCentre
) -> None:
    body = '{"number": "{number}", "digits": "{digits}"}'
    url = f"http://127.0.0.1:{centre.port}/send"
    bench.write_http(f'http.send = {{ url = "{url}", body = \'{body}\' }}\nhttp.id_path = "data.ref"\n')
    bench.start()
    for number in ("0612340000", "+32470123456", "36105"):
        bench.send(number, "Crue", number)
    bench.wait_all(SegmentState.SUBMITTED)
    assert sorted((each["number"], each["digits"]) for each in centre.accepted) == [
        ("+32470123456", "32470123456"),
        ("+33612340000", "33612340000"),
        ("36105", "36105"),
    ]


def test_one_that_hangs_swallows_a_few_messages_and_the_modem_gets_the_others(
    bench: GatewayBench, centre: HttpCentre
) -> None:
    modem = bench.add_modem(options=["--latency", "0.02"])
    ovh(bench, centre, window=2, answer_timeout_s=0.3)
    bench.start()
    bench.wait_bound()
    centre.hangs = True
    begun = time.monotonic()
    for number in range(30):
        bench.send(f"+3361234{number:04d}", f"Crue {number}", str(number))
    bench.wait(lambda: bench.gateways()[0].state is GatewayState.SLOWED)
    bench.wait_all()
    assert sorted(line.destination for line in modem.log()) == [f"+3361234{number:04d}" for number in range(30)]
    tries = 2  # as many as the window holds, then one after each pause
    due = PAUSE_MIN_S
    while due < time.monotonic() - begun:
        tries += 1
        due = 2 * due + PAUSE_MIN_S
    assert len([each for each in bench.outbox() if each.segments[0].maybe_dup]) <= tries


def test_killed_while_a_request_is_under_way_it_goes_again_only_marked(bench: GatewayBench, centre: HttpCentre) -> None:
    ovh(bench, centre)
    bench.start()
    bench.wait_bound()
    centre.hangs = True
    bench.send("+33612340000", "Crue", "a")
    bench.wait(lambda: bench.states() == [SegmentState.CLAIMED])
    bench.kill()
    centre.hangs = False
    bench.start()
    assert bench.states() == [SegmentState.UNCERTAIN]
    bench.wait_all()
    assert (len(centre.accepted), bench.outbox()[0].segments[0].maybe_dup) == (1, True)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ('kind = "http"', "modem.gateways.g.http: missing"),
        ('kind = "http"\nhttp = {}', "modem.gateways.g.http.send: missing"),
        ('kind = "http"\nhttp.send = { url = "https://sms.example/{nubmer}" }', "no such place"),
        ('kind = "http"\nhttp = { profile = "ovh", application_key = "a" }', "modem.gateways.g.account: missing"),
        ('host = "smpp.example"', "modem.gateways.g.account: missing"),
        ('host = "smpp.example"\naccount = "a"\n[[modem.devices]]\nname = "g"\ndevice = "/dev/x"', "g is a modem"),
    ],
)
def test_what_an_entry_lacks_is_said(entry: str, place: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        parse_site(f'[[modem.gateways]]\nname = "g"\n{entry}\n')
    assert place in "\n".join(f"{fault.path}: {fault.reason}" for fault in refused.value.faults)
