"""fr.repli.modem and its command line: cursors, idempotence, JSON that others may build on, a clean end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from edge.shared.messages.modem import MODEM, WATCH, ModemEvent, ModemState, SegmentState, WatchParams
from edge.shared.varlink import Client
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.handsets import Rule, population


def watch(
    bench: ModemBench, params: WatchParams, enough: Callable[[list[ModemEvent]], bool] = lambda _events: True
) -> list[ModemEvent]:
    """What a watcher gets until it is enough, and what follows at once."""
    events: list[ModemEvent] = []
    reached = asyncio.Event()

    async def collect() -> None:
        async with Client(MODEM, bench.root.paths.socket("modem")) as client:
            async for event in client.watch(WATCH, params):
                events.append(event)
                if enough(events):
                    reached.set()

    async def run() -> None:
        if enough(events):
            reached.set()
        collecting = asyncio.create_task(collect())
        async with asyncio.timeout(30):
            await reached.wait()
        await asyncio.sleep(0.4)
        collecting.cancel()

    asyncio.run(run())
    return events


def told(events: list[ModemEvent], messages: set[int], inbound: int) -> bool:
    """Whether these messages were told as delivered, and so many that came in."""
    delivered = {
        event.outbox.message.id
        for event in events
        if event.outbox and {part.state for part in event.outbox.message.segments} == {SegmentState.DELIVERED}
    }
    return delivered >= messages and len([event for event in events if event.inbound]) >= inbound


def repli(bench: ModemBench, *arguments: str, code: int = 0) -> dict[str, Any]:
    result = bench.root.repli(*arguments, "--json")
    assert result.returncode == code, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    assert answer["schema"] == 1
    return answer


def test_a_reader_that_keeps_its_cursors_sees_each_thing_once_even_across_a_crash(bench: ModemBench) -> None:
    bench.add_modem(rules=[Rule(number=".*", reply="OUI", after_s=0.1)])
    bench.write_site()
    bench.start()
    for number in range(3):
        bench.send(f"+3361234567{number}", "Bonjour", f"r{number}")
    bench.wait_all()
    bench.wait(lambda: len(bench.inbox()) == 3)
    everything = watch(bench, WatchParams(), lambda events: told(events, {1, 2, 3}, inbound=3))
    changes = [event.outbox for event in everything if event.outbox]
    assert [change.message.id for change in changes] and {change.message.id for change in changes} == {1, 2, 3}
    assert [change.change for change in changes] == sorted(change.change for change in changes)
    assert [event.inbound.seq for event in everything if event.inbound] == [1, 2, 3]
    cursors = WatchParams(inbox_after=3, changes_after=changes[-1].change)
    assert watch(bench, cursors) == []
    bench.kill()
    bench.start()
    bench.send("+33612345679", "Encore", "r9")
    bench.wait(lambda: len(bench.inbox()) == 4)
    later = watch(bench, cursors, lambda events: told(events, {4}, inbound=1))
    assert [event.inbound.seq for event in later if event.inbound] == [4]
    assert {event.outbox.message.id for event in later if event.outbox} == {4}


def test_a_watcher_hears_of_changes_as_they_come(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    states: list[SegmentState] = []

    async def run() -> None:
        async with Client(MODEM, bench.root.paths.socket("modem")) as client:
            sending = asyncio.create_task(asyncio.to_thread(bench.send, "+33612345678", "Bonjour", "a"))
            async for event in client.watch(WATCH, WatchParams()):
                assert event.outbox is not None
                states.append(event.outbox.message.segments[0].state)
                if states[-1] is SegmentState.DELIVERED:
                    break
            await sending

    asyncio.run(asyncio.wait_for(run(), 30))
    order = list(SegmentState)
    assert [order.index(state) for state in states] == sorted(order.index(state) for state in states)


def test_the_command_line_speaks_the_published_json(bench: ModemBench) -> None:
    bench.add_modem(rules=[Rule(number=".*", reply="Reçu", after_s=0.1)])
    bench.write_site()
    bench.start()
    sent = repli(bench, "modem", "sms", "send", "+33612345678", "Bonjour", "--request-id", "X")
    assert set(sent) == {"schema", "message", "repeated"}
    assert sent["repeated"] is False
    assert repli(bench, "modem", "sms", "send", "+33612345678", "Bonjour", "--request-id", "X")["repeated"] is True
    bench.wait_all()
    (message,) = repli(bench, "modem", "outbox")["messages"]
    assert set(message) >= {"id", "request_id", "number", "text", "encoding", "queued_at", "segments"}
    assert (message["request_id"], message["encoding"]) == ("X", "gsm7")
    (segment,) = message["segments"]
    assert set(segment) >= {"number", "state", "reference", "attempts", "maybe_dup", "modem", "error", "updated_at"}
    assert (segment["number"], segment["state"], segment["reference"], segment["attempts"]) == (1, "delivered", 0, 1)
    assert repli(bench, "modem", "outbox", "--request-id", "unknown")["messages"] == []
    bench.wait(lambda: bool(bench.inbox()))
    (received,) = repli(bench, "modem", "inbox")["messages"]
    assert set(received) >= {"seq", "number", "text", "sent_at", "received_at", "complete"}
    assert (received["seq"], received["text"]) == (1, "Reçu")
    (modem,) = repli(bench, "modem", "status")["modems"]
    assert (modem["name"], modem["state"], modem["signal_dbm"], modem["registered"]) == ("m1", "ready", -71, True)


def test_the_command_line_speaks_french_to_people(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site()
    bench.start()
    assert "mis à l'envoi" in bench.root.repli("modem", "sms", "send", "0612345678", "Bonjour").stdout
    bench.wait_all()
    assert "reçu par le téléphone" in bench.root.repli("modem", "outbox").stdout
    assert "prêt" in bench.root.repli("modem", "status").stdout
    refused = bench.root.repli("modem", "sms", "send", "17", "Bonjour")
    assert (refused.returncode, refused.stderr) == (2, "17 n'est pas un numéro qui peut recevoir un SMS.\n")
    empty = bench.root.repli("modem", "sms", "send", "0612345678", "")
    assert empty.returncode == 2
    assert "Traceback" not in empty.stderr


def test_without_a_section_it_is_ready_and_idle(bench: ModemBench) -> None:
    bench.root.write_site("")
    daemon = bench.start()
    assert repli(bench, "modem", "status")["modems"] == []
    bench.send("+33612345678", "Dès qu'il y aura un modem", "a")
    assert bench.states() == [SegmentState.QUEUED]
    assert daemon.stop() == 0


def test_stopped_in_a_submit_it_waits_for_the_answer(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "1.0"])
    bench.write_site(submit_timeout_s=10)
    daemon = bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    bench.send("+33612345678", "Bonjour", "a")
    bench.wait(lambda: SegmentState.CLAIMED in bench.states())
    assert daemon.stop() == 0
    bench.start()
    bench.wait(lambda: bench.states() == [SegmentState.SUBMITTED] or bench.states() == [SegmentState.DELIVERED])
    assert bench.outbox()[0].segments[0].error is None


def test_a_second_daemon_on_the_same_root_gives_up_at_once(bench: ModemBench) -> None:
    bench.write_site()
    bench.start()
    first = bench.root.running["modem"]
    with pytest.raises(Exception, match="another process writes this ledger"):
        bench.start()
    bench.root.running["modem"] = first


def test_a_crowd_answers_as_told_some_only_when_reminded(bench: ModemBench) -> None:
    numbers = [f"+336123456{number:02d}" for number in range(10)]
    bench.add_modem(rules=population(numbers, 8, after_s=0.1), options=["--latency", "0.02", "--report-after", "0.05"])
    bench.write_site()
    bench.start()
    for number in numbers:
        bench.send(number, "Alerte : répondez OUI", f"first-{number}")
    bench.wait(lambda: len(bench.inbox()) == 8)
    time.sleep(0.5)
    assert len(bench.inbox()) == 8
    for number in numbers[8:]:
        bench.send(number, "Rappel : répondez OUI", f"reminder-{number}")
    bench.wait(lambda: len(bench.inbox()) == 10)
    assert sorted(message.number for message in bench.inbox()) == numbers
