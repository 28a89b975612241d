"""Sending (3GPP TS 27.005, 3.3.1, 3.5.1, 3.5.2, 3.5.6; TS 23.040)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem.commands import calls
from hil.rig.virtual.modem.commands.storage import selected, want_pdu_mode
from hil.rig.virtual.modem.commands.table import Answer, Commands, Requests, cme, cms, fixed
from hil.rig.virtual.modem.memory import SENT, UNSENT
from hil.rig.virtual.modem.tpdu import BadTpdu, Submit, read_submit

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter
    from hil.rig.virtual.modem.modem import VirtualHardware

LINK_KEPT_S = 5.0  # AT+CMMS=1 falls back to 0 when no message follows within this time


@dataclass
class ServiceCentre:
    """What the SIM holds of it; a part may name its own."""

    number: str = "+33609001390"


@dataclass
class MoreMessages:
    """AT+CMMS: whether the link stays up between messages."""

    mode: int = 0
    until: float = 0.0


async def _begin(modem: Interpreter, found: re.Match[str]) -> Answer:
    want_pdu_mode(modem)
    if calls.forbids_sms(modem):
        raise cms(302)
    length = int(found[1])
    lost = modem.armed.take("lost_prompt")
    if not lost:
        await asyncio.sleep(modem.armed.late_prompt_s if modem.armed.take("late_prompt") else modem.traits.prompt_s)
    modem.ask_for_text(lambda text: _submit(modem, text, length), prompt=not lost)
    return None


async def _submit(modem: Interpreter, text: str, length: int) -> Answer:
    return await _send(modem, _understood(modem, text, length), "+CMGS")


async def _send_stored(modem: Interpreter, found: re.Match[str]) -> Answer:
    want_pdu_mode(modem)
    entry = modem.memory.storages[selected(modem)[1]].get(int(found[1]))
    if entry is None or entry.kind not in (UNSENT, SENT):
        raise cms(321)
    answer = await _send(modem, _understood(modem, entry.pdu, entry.length), "+CMSS")
    entry.kind = SENT
    return answer


def _understood(modem: Interpreter, text: str, length: int) -> Submit:
    try:
        return read_submit(text, length)
    except BadTpdu as error:
        modem.network.malformed(text, str(error))
        raise cms(304) from error


async def _send(modem: Interpreter, submit: Submit, name: str) -> Answer:
    traits, armed = modem.traits, modem.armed
    if not submit.has_service_centre and not modem.kept.of(ServiceCentre).number:
        raise cms(330)
    submit_s = traits.submit_s * (traits.more_messages if _link_is_up(modem) else 1.0)
    modem.chatter()
    await asyncio.sleep(submit_s * traits.accept_at)
    if armed.take("refuse"):
        await asyncio.sleep(submit_s * (1 - traits.accept_at))
        raise (cme if armed.refuse_as_cme else cms)(armed.refuse_code)
    await _crash(modem, "before")
    reference = modem.memory.next_reference() if traits.own_references else submit.message_reference
    modem.network.accept(submit, reference)
    await _crash(modem, "accepted")
    modem.chatter()
    await asyncio.sleep(submit_s * (1 - traits.accept_at))
    if armed.take("usb_reset_accepted"):
        modem.crash(armed.vanish_s, warm=True)
        return None
    if armed.take("hang_accepted"):
        armed.hang = True
        return None
    if armed.take("lost_answer"):
        return None
    if armed.take("error_500_accepted"):
        raise cms(armed.accepted_code)
    if armed.take("late_answer"):
        await asyncio.sleep(armed.late_answer_s)
    return f"{name}: {reference}"


async def _crash(modem: Interpreter, when: str) -> None:
    for name, off_s in (("vanish", modem.armed.vanish_s), ("power_cut", modem.armed.power_cut_s)):
        if modem.armed.take(f"{name}_{when}"):
            modem.crash(off_s)
            await asyncio.Event().wait()  # it ends with this power-up


def _link_is_up(modem: Interpreter) -> bool:
    """Whether the link of the last message is still there for this one."""
    more, now = modem.settings.of(MoreMessages), asyncio.get_running_loop().time()
    up = more.mode > 0 and now < more.until
    if more.mode == 1 and more.until and not up:
        more.mode = 0
    more.until = now + LINK_KEPT_S if more.mode else 0.0
    return up


def _set_more(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(MoreMessages).mode = int(found[1])
    return ""


def _more(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CMMS: {modem.settings.of(MoreMessages).mode}"


def _set_service_centre(modem: Interpreter, found: re.Match[str]) -> str:
    number, kind = found[1], found[2]
    modem.kept.of(ServiceCentre).number = f"+{number}" if kind == "145" and not number.startswith("+") else number
    return ""


def _service_centre(modem: Interpreter, _found: re.Match[str]) -> str:
    number = modem.kept.of(ServiceCentre).number
    return f'+CSCA: "{number}",{145 if number.startswith("+") else 129}'


def _change_service_centre(modem: VirtualHardware, request: dict[str, Any]) -> None:
    """{"do": "smsc", "number": ""} as on a SIM without one."""
    modem.memory.kept.of(ServiceCentre).number = str(request["number"])


COMMANDS: Commands = (
    (r"AT\+CMGS=(\d+)", _begin),
    (r"AT\+CMSS=(\d+)", _send_stored),
    (r"AT\+CMMS=([0-2])", _set_more),
    (r"AT\+CMMS\?", _more),
    (r"AT\+CMMS=\?", fixed("+CMMS: (0-2)")),
    (r"AT\+CSCA\?", _service_centre),
    (r'AT\+CSCA="(\+?\d*)"(?:,(\d+))?', _set_service_centre),
)
REQUESTS: Requests = {"smsc": _change_service_centre}
