"""Delivery receipts: what became of a part that the gateway took (SMPP 3.4, 5.2.12, 5.3.2.12, Appendix B). Pure.

Each maker writes them a little differently: with TLVs, as text, or both; ids in decimal where the answer to the submit
was in hexadecimal, or the other way round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.modem.smpp.pdu import Message, Tag

# esm_class, bits 5-2: SMSC delivery receipt, and intermediate notification.
KIND, RECEIPT, NOTIFICATION = 0x3C, 0x04, 0x20

ID = re.compile(r"\bid:\s*([^\s]+)", re.IGNORECASE)
STATE = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
ERROR = re.compile(r"\berr:\s*([^\s]+)", re.IGNORECASE)

# As a TP-ST (3GPP TS 23.040, 9.2.3.15), which the ledger keeps of any way: delivered, still tried, failed for good.
DELIVERED, TRYING, FAILED, EXPIRED = 0x00, 0x30, 0x40, 0x46
BY_NUMBER = {0: TRYING, 1: TRYING, 2: DELIVERED, 3: EXPIRED, 4: FAILED, 5: FAILED, 6: TRYING, 7: TRYING, 8: FAILED}
BY_WORD = {"DELIVRD": DELIVERED, "EXPIRED": EXPIRED, "DELETED": FAILED, "UNDELIV": FAILED, "REJECTD": FAILED}


@dataclass(frozen=True)
class Receipt:
    """What a receipt says. status is a TP-ST; id None where it names none."""

    id: str | None
    recipient: str
    status: int
    error: str | None = None
    attempt: int | None = None  # user_message_reference, as we gave it, where it comes back


def read(message: Message) -> Receipt | None:
    """The receipt in a deliver_sm; None when it is a message from a phone."""
    if message.esm_class & KIND not in (RECEIPT, NOTIFICATION):
        return None
    text = (message.short_message or message.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")).decode("latin-1")
    named = message.tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0].decode("latin-1")
    found, error = ID.search(text), ERROR.search(text)
    ours = message.tlvs.get(Tag.USER_MESSAGE_REFERENCE, b"")
    return Receipt(
        id=named or (found[1] if found else None),
        recipient=message.source.digits,
        status=_status(message, text),
        error=error[1] if error else None,
        attempt=int.from_bytes(ours, "big") if len(ours) == 2 else None,
    )


def _status(message: Message, text: str) -> int:
    state = message.tlvs.get(Tag.MESSAGE_STATE, b"")
    if len(state) == 1:
        return BY_NUMBER.get(state[0], TRYING)
    word = STATE.search(text)
    return BY_WORD.get(word[1].upper()[:7], TRYING) if word else TRYING


def forms(given: str) -> tuple[str, ...]:
    """The id as given first, then as the other side may have written it: hexadecimal, decimal, without leading zeros."""
    found = [given]
    bare = given.lstrip("0") or given
    found.append(bare)
    if bare.isascii() and bare.isdigit():
        found += [f"{int(bare):x}", f"{int(bare):X}"]
    if re.fullmatch(r"[0-9A-Fa-f]{1,16}", bare):
        found.append(str(int(bare, 16)))
    return tuple(dict.fromkeys(found))
