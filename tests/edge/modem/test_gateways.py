"""From Send through an SMPP gateway and back. The judges are the centre's log and the mobile network's log."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from edge.shared.messages.modem import GatewayState, SegmentState
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.smsc.bench import GatewayBench
from hil.rig.virtual.smsc.centre import AcceptedPart, doubled

TEXTS = [
    "Crue de la Seine : évitez les quais.",
    "Prix : 10 € [environ] {voir} ~ | ^",
    "Évacuation immédiate. Rejoignez le gymnase. " * 8,
    "Ça brûle près du château ! Fermez vos fenêtres. " * 4,
    "🚨🌊" * 60,
]


@pytest.fixture
def bench(root: LocalRoot) -> Iterator[GatewayBench]:
    bench = GatewayBench(root)
    try:
        yield bench
    finally:
        bench.stop()


def whole_messages(log: list[AcceptedPart]) -> dict[str, str]:
    """Number -> text put together from its parts, as the phone would."""
    parts = {(line.destination, line.part): line.text for line in log}
    texts: dict[str, str] = {}
    for (number, _part), text in sorted(parts.items()):
        texts[number] = texts.get(number, "") + text
    return texts


@pytest.mark.parametrize("receipts", ["tlv", "text"])
def test_every_message_is_accepted_once_read_as_written_and_reported(bench: GatewayBench, receipts: str) -> None:
    centre = bench.add_centre(receipts=receipts, ids="hexadecimal" if receipts == "text" else "decimal")
    bench.write_gateways()
    bench.start()
    wanted = {f"3361234{number:04d}": f"{number} {TEXTS[number % 5]}" for number in range(15)}
    for phone, text in wanted.items():
        bench.send(f"+{phone}", text, phone)
    bench.wait_all()
    log = centre.accepted()
    assert whole_messages(log) == wanted
    assert doubled(log) == {}
    assert len({(line.destination, line.ref) for line in log if line.total > 1}) == 9
    assert not any(segment.maybe_dup for message in bench.outbox() for segment in message.segments)


def phones(count: int) -> list[str]:
    return [f"3361234{number:04d}" for number in range(count)]


def send_all(bench: GatewayBench, count: int, text: str = "Crue") -> None:
    for phone in phones(count):
        bench.send(f"+{phone}", f"{text} {phone}", phone)


def marked(bench: GatewayBench) -> set[str]:
    """Numbers of messages of which a part is marked maybe_dup."""
    return {each.number.lstrip("+") for each in bench.outbox() if any(part.maybe_dup for part in each.segments)}


def reached(bench: GatewayBench) -> list[str]:
    """Every number that was reached, as often as it was, at both receivers."""
    by_gateway = [line.destination for centre in bench.centres for line in centre.accepted()]
    return sorted(by_gateway + [line.destination.lstrip("+") for line in bench.accepted()])


def test_an_account_used_too_fast_waits_and_loses_nothing(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways(per_second=1000)
    bench.start()
    bench.wait_bound()
    centre.arm(throttle=3, queue_full=1)
    send_all(bench, 20)
    bench.wait_all()
    assert reached(bench) == phones(20)
    assert {each.attempts for message in bench.outbox() for each in message.segments} == {1}  # a throttle is no attempt


def test_the_rate_of_the_account_is_kept(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways(per_second=20)
    bench.start()
    bench.wait_bound()
    begun_ns = time.monotonic_ns()
    send_all(bench, 30)
    bench.wait_all()
    last_ns = max(line.ns for line in centre.accepted())
    assert 20 * (last_ns - begun_ns) / 1e9 >= 30 - 4  # a tenth of a second's worth goes at once


def test_a_gateway_that_takes_nothing_more_leaves_the_rest_to_a_modem(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.add_modem(options=["--latency", "0.02"])
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.arm(throttle=1000)
    send_all(bench, 10)
    bench.wait(lambda: bench.gateways()[0].state is GatewayState.SLOWED)
    assert [issue.id for issue in bench.issues()] == ["modem.gateway_slowed"]
    bench.wait_all()
    assert reached(bench) == phones(10)
    assert centre.accepted() == []


def test_what_a_gateway_refuses_goes_to_a_modem_and_is_said(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    modem = bench.add_modem(options=["--latency", "0.02"])
    bench.write_gateways(window=1)
    bench.start()
    bench.wait_bound()
    centre.arm(refuse=1)
    send_all(bench, 3)
    bench.wait_all()
    assert [line.destination for line in modem.log()] == ["+33612340000"]
    assert reached(bench) == phones(3)
    assert [(issue.id, issue.data["reason"]) for issue in bench.issues()] == [
        ("modem.gateway_refuses", "ESME_RINVDSTADR")
    ]


def test_refused_with_no_modem_it_has_failed(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.arm(refuse=1)
    send_all(bench, 1)
    bench.wait_all(SegmentState.FAILED)
    assert bench.outbox()[0].segments[0].error == "ESME_RINVDSTADR"


@pytest.mark.parametrize("fault", ["forget_bind", "unbind"])
def test_a_centre_that_forgets_the_bind_or_unbinds_is_bound_to_again_and_nothing_fails(
    bench: GatewayBench, fault: str
) -> None:
    centre = bench.add_centre()
    bench.write_gateways(window=3)
    bench.start()
    bench.wait_bound()
    centre.arm(**{fault: 1})
    send_all(bench, 12)
    bench.wait_all()
    assert sorted(line.destination for line in centre.accepted()) == sorted(
        phone.removeprefix("+") for phone in phones(12)
    )
    assert not any(entry.segments[0].maybe_dup for entry in bench.outbox())


def test_a_gateway_that_refuses_everything_does_not_fill_the_log(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.arm(refuse=30)
    send_all(bench, 30)
    bench.wait_all(SegmentState.FAILED)
    assert bench.root.running["modem"].log.read_text().count("refused") == 1


def test_a_message_refused_in_its_middle_goes_whole_by_the_modem(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    modem = bench.add_modem(options=["--latency", "0.02"])
    bench.write_gateways(window=1)
    bench.start()
    bench.wait_bound()
    centre.arm(refuse=1, spare=1)
    text = "Évacuation immédiate. Rejoignez le gymnase. " * 8
    bench.send("+33612340000", text, "long")
    bench.wait_all()
    assert [line.part for line in centre.accepted()] == [1]
    assert "".join(line.text for line in sorted(modem.log(), key=lambda line: line.part)) == text
    assert any(part.maybe_dup for part in bench.outbox()[0].segments)


def test_a_rejected_receipt_is_a_refusal(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    modem = bench.add_modem(options=["--latency", "0.02"])
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.ask(do="final", state=8, word="REJECTD")
    send_all(bench, 1)
    bench.wait_all()
    assert [line.destination for line in modem.log()] == ["+33612340000"]


def test_an_undeliverable_message_has_failed_and_goes_nowhere_else(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    modem = bench.add_modem()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.ask(do="final", state=5, word="UNDELIV")
    send_all(bench, 1)
    bench.wait_all(SegmentState.FAILED)
    assert modem.log() == []


@pytest.mark.parametrize("fault", ["lost_answer", "garbage", "early_receipt", "unanswered"])
def test_a_lost_answer_is_settled_by_the_receipt(bench: GatewayBench, fault: str) -> None:
    centre = bench.add_centre(receiptAfter=300)
    bench.add_modem()
    bench.write_gateways(window=5)
    bench.start()
    bench.wait_bound()
    centre.arm(**{fault: 1})
    send_all(bench, 12)
    bench.wait_all()
    assert reached(bench) == phones(12)
    # What was on the way with it and not taken goes again, marked; what was taken does not.
    taken_by_then = {line.destination for line in centre.accepted()[:1]}
    assert marked(bench) & taken_by_then == set()
    assert len(marked(bench)) < 5  # the window


def test_without_a_receipt_it_is_sent_again_once_the_window_is_over_and_marked(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.arm(lost_answer=1, no_receipt=1)
    send_all(bench, 1)
    bench.wait_all()
    assert reached(bench) == [*phones(1), *phones(1)]
    assert marked(bench) == set(phones(1))


def test_cut_before_it_was_taken_it_goes_once(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.arm(cut_before=1)
    send_all(bench, 5)
    bench.wait_all()
    assert reached(bench) == phones(5)


def test_an_account_that_is_not_wanted_is_said_and_the_modem_sends(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.add_modem(options=["--latency", "0.02"])
    bench.write_gateways(password="wrong")
    bench.start()
    send_all(bench, 2)
    bench.wait_all()
    assert centre.accepted() == []
    (issue,) = bench.issues()
    assert (issue.id, issue.subject, issue.data["reason"]) == ("modem.gateway_refused", "g1", "ESME_RINVPASWD")
    assert bench.gateways()[0].state is GatewayState.REFUSED


@pytest.mark.parametrize("trusted", [True, False])
def test_inside_tls_its_certificate_is_verified(bench: GatewayBench, trusted: bool) -> None:
    key, certificate = bench.root.folder / "tls.key", bench.root.folder / "tls.crt"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = [
        "-subj",
        "/CN=smsc",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([*request, *names], check=True, capture_output=True)
    centre = bench.add_centre(key=str(key), cert=str(certificate))
    bench.write_gateways(tls=True, **({"tls_ca": str(certificate)} if trusted else {}))
    bench.start()
    if trusted:
        send_all(bench, 3)
        bench.wait_all()
    else:
        bench.wait(lambda: "verify failed" in "".join(issue.data["reason"] for issue in bench.issues()))
    assert len(centre.accepted()) == (3 if trusted else 0)


def test_the_command_line_shows_gateways_in_words_and_in_json(bench: GatewayBench) -> None:
    bench.add_centre()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    shown = bench.root.repli("modem", "status")
    assert (shown.returncode, "g1" in shown.stdout, "prête" in shown.stdout) == (0, True, True)
    (entry,) = json.loads(bench.root.repli("modem", "status", "--json").stdout)["gateways"]
    assert (entry["name"], entry["state"], entry["in_flight"]) == ("g1", "ready", 0)
    bench.centres[0].stop()
    bench.wait(lambda: bench.gateways()[0].state is GatewayState.UNREACHABLE)
    assert bench.root.repli("modem", "status").returncode == 1


def test_a_message_from_a_phone_comes_in_by_a_gateway(bench: GatewayBench) -> None:
    centre = bench.add_centre()
    bench.write_gateways()
    bench.start()
    bench.wait_bound()
    centre.ask(do="reply", **{"from": "33612340000"}, text="Reçu, j'y vais")
    bench.wait(lambda: bool(bench.inbox()))
    (received,) = bench.inbox()
    assert (received.number, received.text) == ("33612340000", "Reçu, j'y vais")


@pytest.mark.parametrize(
    ("route", "gateway_up", "by_gateway"),
    [
        ("gateway_first", True, True),
        ("gateway_first", False, False),
        ("modem_first", True, False),
        ("modem_only", True, False),
        ("gateway_only", True, True),
    ],
)
def test_each_route_takes_its_way(bench: GatewayBench, route: str, gateway_up: bool, by_gateway: bool) -> None:
    centre = bench.add_centre()
    modem = bench.add_modem(options=["--latency", "0.02"])
    bench.write_gateways([f'routine = {{ route = "{route}" }}'])
    if not gateway_up:
        centre.stop()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state == "ready")
    if gateway_up:
        bench.wait_bound()
    bench.wait(lambda: route != "modem_first" or bench.listed()[0].state == "ready")
    send_all(bench, 3)
    bench.wait_all()
    assert (len(centre.accepted()), len(modem.log())) == ((3, 0) if by_gateway else (0, 3))
