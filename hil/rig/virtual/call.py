"""One call in a running town, for a person at `repli-town call`: two telephones are plugged in, one calls the other."""

from __future__ import annotations

from contextlib import ExitStack

from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.sip.parts import lan_phone
from hil.rig.virtual.sip.phone import CallFailed, Phone, call_and_listen
from hil.rig.virtual.waiting import wait_for

REGISTER_TIMEOUT_S = 10.0
LISTEN_S = 4.0


def make_call(town: RunningTown, caller: str, called: str) -> str:
    """Call from a phone of the plan to another one or to any number; a sentence that says how it went.

    Raises CallFailed when nobody answers, TooLate when a phone does not register or no sound comes back.
    """
    known = [phone.number for phone in town.plan.phones]
    if caller not in known:
        raise CallFailed(f"there is no phone {caller}: the building has {', '.join(known)}")
    with ExitStack() as plugged:
        phone = _plugged(town, caller, plugged)
        if called in known:
            result = call_and_listen(phone, _plugged(town, called, plugged))
            heard = "both hear each other" if result.good else "they do not hear each other"
            return f"{caller} calls {called}: answered in {result.answer_s:.2f} s, {heard}"
        call = phone.dial(called)
        wait_for(lambda: call.heard(phone.line.frequency) > 0, f"the sound of {called}", LISTEN_S)
        call.hang_up()
        return f"{caller} calls {called}: answered in {call.answer_s:.2f} s, sound there and back"


def _plugged(town: RunningTown, number: str, plugged: ExitStack) -> Phone:
    phone = lan_phone(town, number)
    plugged.callback(phone.stop)
    phone.start()
    phone.wait_registered(REGISTER_TIMEOUT_S)
    return phone
