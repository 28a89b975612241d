"""A dialogue that gets no answer is ended after its time, and the character set put back, on a scripted modem."""

from __future__ import annotations

from edge.modem.calls.ussd_desk import UssdDesk
from edge.modem.port.at import AtPort
from edge.modem.port.errands import Errand, T
from edge.modem.radio.about import About
from edge.shared.messages.modem_calls import UssdOutcome
from tests.edge.modem.test_modem_port import Heard, Script, with_modem

OK = b"\r\nOK\r\n"


class Modem:
    """A port that is always ready."""

    name, is_ready, command_timeout_s, about = "m1", True, 0.5, About()

    def __init__(self, port: AtPort) -> None:
        self._port = port

    async def errand(self, errand: Errand[T]) -> T:
        return await errand(self._port)


def test_a_network_that_never_answers_is_given_up_and_the_dialogue_ended() -> None:
    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        assert await UssdDesk(Modem(port), answer_wait_s=0.2).ask("*100#") == (UssdOutcome.TIMED_OUT, "")
        assert script.asked[-2:] == [b"AT+CUSD=2", b'AT+CSCS="IRA"']

    answers = {
        b"AT+CSCS?": [b'\r\n+CSCS: "IRA"\r\n' + OK],
        b'AT+CSCS="UCS2"': [OK],
        b'AT+CUSD=1,"002A0031003000300023",15': [OK],
        b"AT+CUSD=2": [OK],
        b'AT+CSCS="IRA"': [OK],
    }
    with_modem(answers, use)


def test_without_network_the_code_is_not_tried_in_other_words() -> None:
    async def use(port: AtPort, script: Script, _heard: Heard) -> None:
        assert await UssdDesk(Modem(port)).ask("*100#") == (UssdOutcome.REFUSED, "+CME ERROR: 30")
        assert sum(command.startswith(b"AT+CUSD=1") for command in script.asked) == 1

    answers = {
        b"AT+CSCS?": [OK],
        b'AT+CSCS="UCS2"': [OK],
        b'AT+CUSD=1,"002A0031003000300023",15': [b"\r\n+CME ERROR: 30\r\n"],
        b'AT+CSCS="GSM"': [OK],
    }
    with_modem(answers, use)
