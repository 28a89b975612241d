"""Hunt groups, and plans while something happens to them: a real Kamailio, phones by hand."""

from __future__ import annotations

import asyncio
import time

from edge.shared.clock import SystemClock
from edge.shared.model.numbering import ShortNumber
from edge.shared.model.voice import VoiceSection
from edge.voice.kamailio.startup import RunFolder
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.kamailio_view import KamailioView
from edge.voice.push import Push
from hil.rig.virtual.sip.crowd import Manner, begin, call, cancel, hang_up
from hil.rig.virtual.sip.loopback import Telephony
from tests.edge.voice.planned import Planned


def test_in_turns_each_call_begins_with_the_next_member(planned: Planned) -> None:
    """Counted with initval=0 and $shtinc, without which $sht + 1 concatenates (trap 6)."""
    begun = []
    for _ in range(12):
        planned.crowd.clear(**dict.fromkeys(("102", "103", "107"), Manner.ANSWERS))
        assert call(planned.callers["101"], "603").code == 200
        ((first,),) = planned.crowd.rounds()
        begun.append(first)
    place = ["102", "103", "107"].index(begun[0])
    assert begun == [["102", "103", "107"][(place + turn) % 3] for turn in range(12)]


def test_everybody_has_a_turn_and_nobody_two(planned: Planned) -> None:
    for group in ("603", "604"):
        planned.crowd.clear()  # everybody is busy
        assert call(planned.callers["101"], group).code == 486
        assert sorted(planned.crowd.rounds()) == [["102"], ["103"], ["107"]]


def test_who_has_not_telephoned_for_longest_is_rung_first(planned: Planned) -> None:
    """By calls of every kind: as called in the group, as called directly, as calling."""
    manners = dict.fromkeys(("102", "103", "107"), Manner.ANSWERS)
    for caller, dialled in (("103", "101"), ("101", "107"), ("101", "102")):
        planned.crowd.clear(**{**manners, "101": Manner.ANSWERS})
        assert call(planned.callers[caller], dialled).code == 200
        time.sleep(1.1)  # the table counts in seconds
    for expected in ("103", "107", "102", "103"):
        planned.crowd.clear(**manners)
        assert call(planned.callers["101"], "604").code == 200
        assert planned.crowd.rounds() == [[expected]]
        time.sleep(1.1)


def test_a_caller_who_gives_up_ends_the_plan(planned: Planned) -> None:
    planned.crowd.clear(**{"102": Manner.RINGS, "gsm": Manner.ANSWERS})
    caller = planned.callers["101"]
    invite = begin(caller, "102")
    assert planned.crowd.wait(lambda: bool(planned.crowd.heard))
    caller.wire.send(cancel(invite), caller.box)
    assert caller.wire.final(invite).code == 487
    time.sleep(3.5)
    assert planned.crowd.rounds() == [["102"]]


def test_an_emergency_number_after_the_digit_for_outside(planned: Planned) -> None:
    """And without proof, as ever."""
    planned.crowd.clear(pstn=Manner.BUSY, gsm=Manner.ANSWERS)
    caller = planned.callers["109"]
    invite = caller.invitation("018")
    caller.wire.send(invite, caller.box)
    reply = caller.wire.final(invite)
    assert (reply.code, [(one.who, one.number) for one in planned.crowd.heard]) == (
        200,
        [("pstn", "18"), ("gsm", "18")],
    )
    hang_up(caller, invite, reply)


def test_a_plan_whose_tables_are_gone_ends(planned: Planned) -> None:
    """Two pushes while a phone rings: the steps of the new plan are others."""
    planned.crowd.clear(**{"102": Manner.RINGS, "gsm": Manner.ANSWERS, "pstn": Manner.ANSWERS})
    caller = planned.callers["101"]
    invite = begin(caller, "102")
    assert planned.crowd.wait(lambda: bool(planned.crowd.heard))

    others = [
        planned.voice.model_copy(
            update={"short_numbers": [*planned.voice.short_numbers, ShortNumber(number=short, to="101")]}
        )
        for short in ("8003", "8004")
    ]
    try:
        asyncio.run(push(planned.box, others))
        assert caller.wire.final(invite).code == 480
        assert planned.crowd.rounds() == [["102"]]
    finally:
        asyncio.run(push(planned.box, [planned.voice]))


async def push(box: Telephony, sections: list[VoiceSection]) -> None:
    files = RunFolder.of(box.root.paths)
    rpc = KamailioRpc(files.rpc_socket)
    run = (await KamailioView(rpc, SystemClock()).look()).run
    assert run is not None
    for section in sections:
        run = await Push(rpc, files).settings(section, run)
    rpc.close()
