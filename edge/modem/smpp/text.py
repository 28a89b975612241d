"""One part of a message as a submit_sm carries it: alphabet, user data header, addresses, validity. Pure."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.modem.numbers import SHORT_NUMBER_MAX, international
from edge.modem.pdu import gsm0338, header
from edge.modem.pdu.body import Body, Writing
from edge.modem.pdu.coding import Alphabet
from edge.modem.pdu.header import Concatenation
from edge.modem.pdu.tpdu import Deliver, Kind
from edge.modem.smpp.pdu import Address, Message, Tag
from edge.shared.sms_length import Encoding

UDH_INDICATOR = 0x40  # esm_class, 5.2.12
FINAL_RECEIPT = 0x01  # registered_delivery, 5.2.17
GSM7, IA5, LATIN1, UCS2 = 0x00, 0x01, 0x03, 0x08  # data_coding, 5.2.19; GSM-7 has one septet in each octet


@dataclass(frozen=True)
class Part:
    """What is to be sent."""

    number: str
    text: str
    encoding: Encoding
    concatenation: Concatenation | None
    validity: timedelta
    attempt: int  # comes back as user_message_reference in the receipts of gateways that know it


def submit(part: Part, sender: str, country_code: str) -> Message:
    """The body of its submit_sm. sender "" leaves it to the gateway."""
    before = header.write(part.concatenation)
    if part.encoding is Encoding.GSM7:
        coding, content = GSM7, gsm0338.encode(part.text)
    else:
        coding, content = UCS2, part.text.encode("utf-16-be", errors="replace")
    return Message(
        source=sender_address(sender),
        destination=recipient(part.number, country_code),
        esm_class=UDH_INDICATOR if before else 0,
        validity=_relative(part.validity),
        registered_delivery=FINAL_RECEIPT,
        data_coding=coding,
        short_message=before + content,
        tlvs={Tag.USER_MESSAGE_REFERENCE: (part.attempt % 65_536).to_bytes(2, "big")},
    )


def received(message: Message, now: datetime) -> Deliver:
    """A message from a phone, as a modem would have brought it. A deliver_sm has no time of its own."""
    content = message.short_message or message.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    before = header.Header()
    if message.esm_class & UDH_INDICATOR:
        with contextlib.suppress(ValueError):  # no header after all
            before = header.read(content)
    digits = message.source.digits
    return Deliver(
        number=f"+{digits}" if message.source.ton == 1 and not digits.startswith("+") else digits,
        sent_at=now,
        concatenation=before.concatenation,
        body=_body(message.data_coding, content[before.size :], before),
        kind=Kind.DATA if before.to_program else Kind.TEXT,
        cut=False,
    )


def _body(coding: int, content: bytes, before: header.Header) -> Body:
    if coding == LATIN1:
        return Body(Writing(Alphabet.UCS2), content.decode("latin-1").encode("utf-16-be"))
    if coding == UCS2:
        return Body(Writing(Alphabet.UCS2), content)
    if coding == IA5:
        return Body(Writing(Alphabet.DATA), content)
    return Body(Writing(Alphabet.GSM7, before.locking, before.single), content)


def recipient(number: str, country_code: str) -> Address:
    """International (TON 1) wherever the number has such a form."""
    whole = international(number, country_code)
    return Address(1, 1, whole[1:]) if whole.startswith("+") else Address(0, 1, whole)


def sender_address(sender: str) -> Address:
    """A name (TON 5), a whole number (1), a short one (3), or none."""
    if not sender:
        return Address(0, 0, "")
    digits = sender.removeprefix("+")
    if not digits.isdigit():
        return Address(5, 0, sender)
    return Address(3, 0, digits) if len(digits) <= SHORT_NUMBER_MAX else Address(1, 1, digits)


def _relative(validity: timedelta) -> str:
    """A relative time (7.1.1), YYMMDDhhmmsstnnR."""
    minutes = max(1, -int(-validity.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    months, days = divmod(days, 30)
    return f"00{months:02}{days:02}{rest // 60:02}{rest % 60:02}00000R"
