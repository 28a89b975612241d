"""The telephones' part of the night: the operator's PBX freezes, the phones go on, emergency calls always get out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hil.demo.stage import Stage, until
from hil.demo.timeline import Figure, StepFailed
from hil.rig.virtual.sip.parts import lan_phone, pbx_calls, pstn_calls
from hil.rig.virtual.sip.phone import CallFailed, Phone, call_and_listen, stop_all

PHONES = "the calling phone: from its dial command to its own CALL_ESTABLISHED"
EMERGENCY = "112"
REGISTERED_TIMEOUT_S = 10.0
BACK_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Handsets:
    """Two phones of the building, and one that somebody configured wrong."""

    caller: Phone
    callee: Phone
    misconfigured: Phone


def telephones(stage: Stage) -> None:
    """Phones register through the box and call through the operator; his PBX freezes, and they go on without noticing."""
    with _handsets(stage) as phones:
        _through_the_cloud(stage, phones, "call_by_cloud", "101 calls 102 through the operator's PBX")
        _emergency(stage, phones.caller, "emergency_cloud_up", "112 with the operator's PBX up")
        _emergency(stage, phones.misconfigured, "emergency_wrong_password", "112 from a phone with a wrong password")
        with stage.fault("pbx-frozen"):
            stage.timeline.note("the operator's PBX freezes ...")
            first = Figure("answer", 0, "s", 2.0, 3.0, PHONES)
            _inside(stage, phones, "call_frozen_first", "101 calls 102, cloud PBX frozen", first)
            later = Figure("answer", 0, "s", 0.1, 0.5, PHONES)
            _inside(stage, phones, "call_frozen_later", "101 calls 102 again", later)
            _emergency(stage, phones.caller, "emergency_cloud_frozen", "112 with the operator's PBX frozen")
        stage.timeline.note("the operator's PBX answers again ...")
        _return_to_the_cloud(stage, phones)


@contextmanager
def _handsets(stage: Stage) -> Iterator[Handsets]:
    phones = [
        lan_phone(stage.town, "101"),
        lan_phone(stage.town, "102"),
        lan_phone(stage.town, "103", password="not-the-password"),
    ]
    try:
        for phone in phones:
            phone.start()
        for phone in phones[:2]:
            phone.wait_registered(REGISTERED_TIMEOUT_S)
        yield Handsets(*phones)
    except CallFailed as failure:
        raise StepFailed(str(failure)) from failure
    finally:
        stop_all(phones)


def _through_the_cloud(stage: Stage, phones: Handsets, step: str, says: str) -> None:
    before = len(pbx_calls(stage.town))
    answer_s = _both_hear(phones)
    if len(pbx_calls(stage.town)) == before:
        raise StepFailed(f"{says}: the PBX's log knows nothing of it")
    stage.timeline.record(
        step,
        f"{says}: answered in {answer_s:.2f} s, both hear each other",
        [Figure("answer", answer_s, "s", None, 2.0, PHONES)],
    )


def _inside(stage: Stage, phones: Handsets, step: str, says: str, bound: Figure) -> None:
    before = len(pbx_calls(stage.town))
    answer_s = _both_hear(phones)
    if len(pbx_calls(stage.town)) != before:
        raise StepFailed(f"{says}: it went through a PBX that should be frozen")
    figure = Figure(bound.name, answer_s, bound.unit, bound.target, bound.limit, bound.measured_by)
    stage.timeline.record(step, f"{says}: answered in {answer_s:.2f} s, both hear each other", [figure])


def _both_hear(phones: Handsets) -> float:
    call = call_and_listen(phones.caller, phones.callee)
    if not call.good:
        raise StepFailed(
            f"one did not hear the other: caller heard {call.caller_heard_s:.1f} s, callee {call.callee_heard_s:.1f} s"
        )
    return call.answer_s


def _emergency(stage: Stage, phone: Phone, step: str, says: str) -> None:
    before = len(pstn_calls(stage.town))
    call = phone.dial(EMERGENCY)
    until(lambda: call.heard(phone.line.frequency) > 0, f"{says}: sound there and back", 6.0, 0.3)
    call.hang_up()
    reached = [made for made in pstn_calls(stage.town)[before:] if made.called == EMERGENCY]
    if not reached:
        raise StepFailed(f"{says}: the telephone network's log knows nothing of it")
    figure = Figure("answer", call.answer_s, "s", None, 4.0, PHONES)
    stage.timeline.record(step, f"{says}: answered in {call.answer_s:.2f} s, sound there and back", [figure])


def _return_to_the_cloud(stage: Stage, phones: Handsets) -> None:
    def by_the_cloud() -> bool:
        before = len(pbx_calls(stage.town))
        _both_hear(phones)
        return len(pbx_calls(stage.town)) > before

    waited = until(by_the_cloud, "calls through the operator's PBX again", BACK_TIMEOUT_S, 1.0)
    stage.timeline.record("call_by_cloud_again", f"calls go through the operator again, {waited:.1f} s later", [])
