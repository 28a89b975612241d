"""Sending (3GPP TS 27.005, 3.5.1; TS 23.040)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from hil.rig.virtual.modem.commands.storage import Format
from hil.rig.virtual.modem.commands.table import Answer, Commands, Requests, cms
from hil.rig.virtual.modem.tpdu import BadTpdu, read_submit

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter


def _begin(modem: Interpreter, found: re.Match[str]) -> Answer:
    if not modem.settings.of(Format).pdu:
        raise cms(302)
    length = int(found[1])
    modem.ask_for_text(lambda text: _submit(modem, text, length), prompt=not modem.armed.take("lost_prompt"))
    return None


async def _submit(modem: Interpreter, text: str, length: int) -> Answer:
    traits, armed = modem.traits, modem.armed
    try:
        submit = read_submit(text, length)
    except BadTpdu as error:
        raise cms(304) from error
    if armed.take("refuse"):
        await asyncio.sleep(traits.submit_s)
        raise cms(armed.refuse_code)
    await asyncio.sleep(traits.submit_s * traits.accept_at)
    reference = modem.memory.next_reference()
    modem.network.accept(submit, reference)
    await asyncio.sleep(traits.submit_s * (1 - traits.accept_at))
    if armed.take("lost_answer"):
        return None
    if armed.take("error_500_accepted"):
        raise cms(500)
    return f"+CMGS: {reference}"


COMMANDS: Commands = ((r"AT\+CMGS=(\d+)", _begin),)
REQUESTS: Requests = {}
