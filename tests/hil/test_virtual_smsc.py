"""The virtual SMS centre keeps what a real one keeps: what it accepted, through a kill, until its receipt is taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.modem.pdu.header import Concatenation
from edge.modem.sending.outcomes import DELIVERED, Receipt
from edge.modem.smpp import pdu, receipt, text
from edge.modem.smpp.pdu import Command, Pdu, Stream
from edge.shared.sms_length import Encoding
from hil.rig.virtual.smsc.centre import Centre


class Client:
    """Speaks to the centre by hand."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.stream = Stream()
        self.got: list[Pdu] = []

    def ask(self, command: Command, body: bytes = b"") -> Pdu:
        """The answer; what comes before it, as a receipt may, is kept for later."""
        self.socket.sendall(Pdu(command, 1, body).encode())
        before: list[Pdu] = []
        while (came := self.next()).command != command | pdu.RESPONSE:
            before.append(came)
        self.got = before + self.got
        return came

    def bind(self, account: str = "mairie", password: str = "secret") -> int:
        return self.ask(Command.BIND_TRANSCEIVER, pdu.bind(account, password)).status

    def next(self) -> Pdu:
        while not self.got:
            self.got = list(self.stream.feed(self.socket.recv(65_536)))
        return self.got.pop(0)


def submit(words: str, encoding: Encoding = Encoding.GSM7, part: Concatenation | None = None) -> bytes:
    return text.submit(text.Part("0612345678", words, encoding, part, timedelta(hours=6), 7), "MAIRIE", "33").encode()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    centre = Centre(tmp_path)
    try:
        yield centre
    finally:
        centre.stop()


def test_it_reads_every_letter_and_the_place_of_each_part(centre: Centre) -> None:
    centre.start()
    client = Client(centre.port)
    assert client.bind() == 0
    client.ask(Command.SUBMIT_SM, submit("10 € [é] {à}", part=Concatenation(200, 3, 2)))
    client.ask(Command.SUBMIT_SM, submit("Ça brûle 🚨", Encoding.UCS2))
    first, second = centre.accepted()
    assert (first.text, first.coding, first.ref, first.part, first.total) == ("10 € [é] {à}", 0, 200, 2, 3)
    assert (second.text, second.coding, second.total) == ("Ça brûle 🚨", 8, 1)
    assert (first.source, first.destination) == ("MAIRIE", "33612345678")


def test_a_stranger_is_refused(centre: Centre) -> None:
    centre.start()
    assert Client(centre.port).bind(password="wrong") == 0x0E
    assert Client(centre.port).bind(account="wrong") == 0x0F


@pytest.mark.parametrize("form", ["tlv", "text", "both"])
def test_a_receipt_is_owed_through_a_kill_until_it_is_taken(centre: Centre, form: str) -> None:
    centre.start(receipts=form, receiptAfter=1)
    client = Client(centre.port)
    client.bind()
    client.ask(Command.SUBMIT_SM, submit("Crue"))
    assert client.next().command == Command.DELIVER_SM  # not answered
    centre.kill()
    centre.start()
    client = Client(centre.port)
    client.bind()
    owed = client.next()
    found = receipt.read(pdu.decode_message(owed.body))
    assert found == Receipt("1", ("33612345678", "MAIRIE"), DELIVERED, error=None if form == "tlv" else "000")
    client.socket.sendall(owed.answer(b"\0").encode())
    client.ask(Command.ENQUIRE_LINK)
    centre.kill()
    centre.start()
    client = Client(centre.port)
    client.bind()
    client.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.next()
