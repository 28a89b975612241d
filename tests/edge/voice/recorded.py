"""Calls that are made to be recorded, and what the box tells of them."""

from __future__ import annotations

from typing import Any

from hil.rig.virtual.sip.loopback import PASSWORDS, Telephony
from hil.rig.virtual.sip.wire import Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for

PEOPLE = {**PASSWORDS, "104": "nobody-there"}


def calls(box: Telephony, **wanted: object) -> list[dict[str, Any]]:
    """The newest calls with such fields."""
    listed = box.json("voice", "calls", "--numbers", "--limit", "1000")["calls"]
    return [call for call in listed if all(call[name] == value for name, value in wanted.items())]


def wait_calls(box: Telephony, count: int, timeout: float = 30, **wanted: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        found[:] = calls(box, **wanted)
        return len(found) == count

    wait_for(enough, f"{count} calls with {wanted}", timeout, every=0.1)
    return found


def talk(caller: Hand, callee: Hand) -> tuple[Message, Message]:
    """A call to somebody's phone, answered; the INVITE and its answer."""
    invite = caller.begin(caller.invitation(callee.number))
    request, source = callee.wire.request()
    callee.wire.answer(request, source)
    return invite, caller.wire.final(invite)


def hang_up(caller: Hand, callee: Hand, invite: Message, answered: Message) -> None:
    bye = caller.within("BYE", invite, answered)
    caller.wire.send(bye, caller.box)
    request, source = callee.wire.request(method="BYE")
    callee.wire.send(reply_to(request, 200, "OK"), source)
    assert caller.wire.final(bye).code == 200


def issues(box: Telephony) -> list[str]:
    (voice,) = [one for one in box.json("status")["daemons"] if one["name"] == "voice"]
    return [one["id"] for one in voice["issues"]]
