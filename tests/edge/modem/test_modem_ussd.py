"""Dialogues with the network: the balance of a prepaid SIM in every form it comes, and networks that do not answer."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from edge.shared.messages.modem_calls import UssdOutcome, UssdResult
from edge.shared.varlink import CallFailed
from hil.rig.virtual.modem.bench import ModemBench
from tests.edge.modem.calling import Telephone

SOLDE = "Crédit : 5,20 €\nvalable jusqu'au 12/01"


def telephone(bench: ModemBench, rules: dict[str, dict[str, Any]], *, takes: str = "GSM,UCS2") -> Telephone:
    modem = bench.add_modem(options=["--personality", "ec25"])
    modem.inject("ussd_rules", rules=rules, takes=takes)
    bench.write_site()
    bench.start()
    phone = Telephone(bench)
    phone.start()
    return phone


@pytest.mark.parametrize("takes", ["GSM,UCS2", "UCS2", "GSM", "PACKED"])
@pytest.mark.parametrize("form", [{"scheme": 15}, {"scheme": 72}, {"packed": True}, {"before_ok": True}])
def test_the_balance_is_read_whatever_the_modem_takes_and_gives(
    bench: ModemBench, takes: str, form: dict[str, Any]
) -> None:
    phone = telephone(bench, {"*100#": {"text": SOLDE, **form}}, takes=takes)
    answer = phone.ussd("*100#", "u1")
    assert (answer.outcome, answer.text) == (UssdOutcome.ANSWERED, SOLDE)
    again = phone.ussd("*100#", "u1")
    assert (again.text, again.repeated) == (SOLDE, True)
    assert phone.modem.inject("look_ussd")["asked"] == ["*100#"]
    with pytest.raises(CallFailed, match="RequestIdReused"):
        phone.ussd("*101#", "u1")


def test_a_question_of_the_network_is_answered_by_the_next_code_or_cancelled(bench: ModemBench) -> None:
    phone = telephone(
        bench, {"*100#": {"said": 1, "text": "1. Solde\n2. Recharge"}, "1": {"text": "5,20 EUR"}, "2": {"said": 2}}
    )
    assert phone.ussd("*100#", "u1") == UssdResult(
        modem="m1", outcome=UssdOutcome.WANTS_MORE, text="1. Solde\n2. Recharge"
    )
    assert phone.ussd("1", "u2").text == "5,20 EUR"
    assert phone.ussd("2", "u3").outcome is UssdOutcome.ENDED
    phone.cancel_ussd()
    assert phone.modem.inject("look_ussd")["cancelled"] == 1


@pytest.mark.parametrize(("said", "outcome"), [(4, UssdOutcome.NOT_SUPPORTED), (5, UssdOutcome.TIMED_OUT)])
def test_what_the_network_does_not_do_is_said(bench: ModemBench, said: int, outcome: UssdOutcome) -> None:
    phone = telephone(bench, {"*100#": {"said": said}})
    assert phone.ussd("*100#", "u1").outcome is outcome


def test_while_no_answer_comes_messages_go_on_and_the_wait_may_be_ended(bench: ModemBench) -> None:
    phone = telephone(bench, {"*100#": {"never": True}, "*101#": {"text": "Bonjour"}})
    answers: list[UssdResult] = []
    asking = threading.Thread(target=lambda: answers.append(phone.ussd("*100#", "u1")))
    asking.start()
    bench.wait(lambda: phone.modem.inject("look_ussd")["asked"] == ["*100#"])
    with pytest.raises(CallFailed, match="UssdBusy"):
        phone.ussd("*101#", "u2")
    bench.send("+33612345678", "Bonjour", "s1")
    bench.wait_all()
    phone.cancel_ussd()
    asking.join(30)
    assert [answer.outcome for answer in answers] == [UssdOutcome.CANCELLED]
    assert phone.ussd("*101#", "u2").text == "Bonjour"


def test_a_modem_that_goes_takes_the_answer_with_it_and_nothing_is_asked_twice(bench: ModemBench) -> None:
    phone = telephone(bench, {"*100#": {"never": True}})
    failed: list[str] = []

    def ask() -> None:
        try:
            phone.ussd("*100#", "u1")
        except CallFailed as error:
            failed.append(error.name)

    asking = threading.Thread(target=ask)
    asking.start()
    bench.wait(lambda: phone.modem.inject("look_ussd")["asked"] == ["*100#"])
    phone.modem.inject("unplug")
    asking.join(30)
    assert failed == ["NoModemReady"]
    phone.modem.inject("plug")
    phone.start()
    assert phone.ussd("*100#", "u1").outcome is UssdOutcome.ASKED
    assert phone.modem.inject("look_ussd")["asked"] == ["*100#"]


@pytest.mark.parametrize("code", ["solde", '*100#"', "*1 0#", "*100#\rATD112;"])
def test_what_no_phone_can_key_is_not_asked(bench: ModemBench, code: str) -> None:
    phone = telephone(bench, {})
    with pytest.raises(CallFailed, match="NotACode"):
        phone.ussd(code, "u1")
    assert phone.modem.inject("look_ussd")["asked"] == []


def test_the_command_line_asks_and_says_the_answer(bench: ModemBench) -> None:
    phone = telephone(bench, {"*100#": {"said": 1, "text": "1. Solde"}, "1": {"text": SOLDE, "scheme": 72}})
    asked = bench.root.repli("modem", "ussd", "*100#")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("1. Solde\n") and "--cancel" in asked.stdout
    answer = bench.root.repli("modem", "ussd", "1", "--modem", "m1", "--request-id", "u1", "--json")
    assert json.loads(answer.stdout) == {
        "schema": 1, "modem": "m1", "outcome": "answered", "text": SOLDE, "repeated": False
    }  # fmt: skip
    unknown = bench.root.repli("modem", "ussd", "*999#")
    assert (unknown.returncode, unknown.stderr) == (1, "")
    assert bench.root.repli("modem", "ussd").returncode == 2
    assert bench.root.repli("modem", "ussd", "--cancel").returncode == 0
    assert phone.modem.inject("look_ussd")["cancelled"] == 1
