"""Delivery receipts: what became of a part that the gateway took (SMPP 3.4, 5.2.12, 5.3.2.12, Appendix B). Pure.

Each maker writes them a little differently: with TLVs, as text, or both; ids in decimal where the answer to the submit
was in hexadecimal, or the other way round.
"""

from __future__ import annotations

import re

from edge.modem.sending.outcomes import DELIVERED, EXPIRED, FAILED, TRYING, Receipt
from edge.modem.smpp.pdu import Message, Tag

# esm_class, bits 5-2: SMSC delivery receipt, and intermediate notification.
KIND, RECEIPT, NOTIFICATION = 0x3C, 0x04, 0x20

ID = re.compile(r"\bid:\s*([^\s]+)", re.IGNORECASE)
STATE = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
ERROR = re.compile(r"\berr:\s*([^\s]+)", re.IGNORECASE)

BY_NUMBER = {0: TRYING, 1: TRYING, 2: DELIVERED, 3: EXPIRED, 4: FAILED, 5: FAILED, 6: TRYING, 7: TRYING, 8: FAILED}
BY_WORD = {"DELIVRD": DELIVERED, "EXPIRED": EXPIRED, "DELETED": FAILED, "UNDELIV": FAILED, "REJECTD": FAILED}
REJECTED = (8, "REJECTD")  # the centre itself would not have it


def plain(given: str | None) -> str | None:
    """An id without what makers change between answer and receipt: leading zeros, upper case. None for an empty one."""
    return (given.lstrip("0").lower() or "0") if given else None


def read(message: Message) -> Receipt | None:
    """The receipt in a deliver_sm; None when it is a message from a phone."""
    if message.esm_class & KIND not in (RECEIPT, NOTIFICATION) and Tag.RECEIPTED_MESSAGE_ID not in message.tlvs:
        return None  # some centres say by the TLV alone that it is a receipt
    text = (message.short_message or message.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")).decode("latin-1")
    named = message.tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0].decode("latin-1")
    found, error = ID.search(text), ERROR.search(text)
    ours = message.tlvs.get(Tag.USER_MESSAGE_REFERENCE, b"")
    number, word = message.tlvs.get(Tag.MESSAGE_STATE, b""), STATE.search(text)
    state = number[0] if len(number) == 1 else None
    short = word[1].upper()[:7] if word else ""
    return Receipt(
        id=plain(named or (found[1] if found else "")),
        phones=(message.source.digits, message.destination.digits),
        status=BY_WORD.get(short, TRYING) if state is None else BY_NUMBER.get(state, TRYING),
        error=error[1] if error else None,
        attempt=int.from_bytes(ours, "big") if len(ours) == 2 else None,
        rejected=(short if state is None else state) in REJECTED,
    )
