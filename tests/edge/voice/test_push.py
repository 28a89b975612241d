"""A push of new settings into a running Kamailio: quick, whole, and repeated by itself."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from itertools import cycle
from typing import Any

import pytest

from edge.shared.clock import SystemClock
from edge.shared.section import parse_site
from edge.voice.kamailio.startup import RunFolder
from edge.voice.kamailio.tables_file import write_next
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.kamailio_view import KamailioView, Run, items_of
from edge.voice.push import Push
from edge.voice.tables import TABLES, tables
from hil.rig.virtual.sip.loopback import PASSWORDS, Telephony
from hil.rig.virtual.sip.wire import Hand, Wire, acknowledge, reply_to
from hil.rig.virtual.waiting import wait_for

PUSH_S = 2.0  # generous: the figure is scripts/bench-voice's


def version(box: Telephony) -> str:
    return items_of(box.rpc("htable.dump", "run"))["version"]


def site(box: Telephony, word: str, trunk: int, *, trunks: int = 1) -> str:
    """Extensions whose secret and whose way out change together.

    Nothing is probed: the dispatcher refuses its list twice within a second.
    """
    people = {number: f"{password}-{word}" for number, password in PASSWORDS.items()}
    more = "".join(
        f'[[voice.trunks]]\nname = "more{n}"\naddress = "{box.net}.{trunk + n}"\nprobe = false\n'
        for n in range(1, trunks)
    )
    document = box.site(cloud="# no cloud", extensions=people, more=more)
    return document.replace(f'"{box.trunk}"', f'"{box.net}.{trunk}"\nprobe = false')


def half_push(box: Telephony, document: str) -> str:
    """What a push does, cut before its last step: every table is loaded, no reader was told. Returns its version."""
    files = RunFolder.of(box.root.paths)
    wanted = tables(parse_site(document).voice)
    write_next(wanted, files, version(box))
    for table in TABLES:
        box.rpc("htable.reload", table)
    return wanted.version


def test_a_push_that_was_cut_is_not_seen_at_all_and_then_is_repeated(telephony: Telephony) -> None:
    box = telephony
    box.start(site(box, "old", 20), voice=False)
    old_trunk, new_trunk = box.wire(20), box.wire(30)
    before = version(box)
    after = half_push(box, site(box, "new", 30))
    assert version(box) == before != after

    desk = box.hand("101", 101, password=f"{PASSWORDS['101']}-old")
    desk.begin(desk.invitation("0987654321"))
    request, source = old_trunk.request()
    old_trunk.send(reply_to(request, 486, "Busy Here"), source)
    newcomer = box.hand("102", 102, password=f"{PASSWORDS['102']}-new")
    assert newcomer.ask(newcomer.invitation("0987654321")).code == 407

    box.root.write_site(site(box, "new", 30))
    box.root.start("voice")
    wait_for(lambda: version(box) == after, "the push", every=0.1)
    newcomer.begin(newcomer.invitation("0987654321"))
    assert new_trunk.request()
    assert old_trunk.silent(0.2)


def test_a_call_being_set_up_keeps_the_tables_it_began_with(telephony: Telephony) -> None:
    """Its first way out fails after the push: the next way is the one that stood beside it."""
    box = telephony
    box.start(site(box, "old", 20, trunks=2), voice=False)
    first, second, other = box.wire(20), box.wire(21), box.wire(31)
    desk = box.hand("101", 101, password=f"{PASSWORDS['101']}-old")
    desk.begin(desk.invitation("0987654321"))
    request, source = first.request()
    first.send(reply_to(request, 100, "Trying"), source)
    box.rpc("htable.sets", "run", "version", half_push(box, site(box, "new", 30, trunks=2)))
    first.send(reply_to(request, 503, "Service Unavailable"), source)
    assert second.request()
    assert other.silent(0.2)


def test_a_call_that_outlives_two_pushes_goes_by_the_newest_tables(telephony: Telephony) -> None:
    box = telephony
    box.start(site(box, "old", 20, trunks=2), voice=False)
    first, second, newest = box.wire(20), box.wire(21), box.wire(41)
    desk = box.hand("101", 101, password=f"{PASSWORDS['101']}-old")
    desk.begin(desk.invitation("0987654321"))
    request, source = first.request()
    first.send(reply_to(request, 100, "Trying"), source)
    for word, trunk in (("new", 30), ("newest", 40)):
        box.rpc("htable.sets", "run", "version", half_push(box, site(box, word, trunk, trunks=2)))
    first.send(reply_to(request, 503, "Service Unavailable"), source)
    assert newest.request()
    assert second.silent(0.2)


def test_calls_during_pushes_see_all_of_the_old_or_all_of_the_new(telephony: Telephony) -> None:
    box = telephony
    documents = {word: site(box, word, trunk) for word, trunk in (("old", 20), ("new", 30))}
    box.start(documents["old"], voice=False)
    sections = {word: parse_site(document).voice for word, document in documents.items()}
    trunks = {"old": box.wire(20), "new": box.wire(30)}
    stop = threading.Event()
    pushed = pushes(box, list(sections.values()), stop)
    # On many addresses, not as fast as can be: half of what they prove is wrong, and nobody may guess so often (guard.cfg).
    callers = {
        word: cycle([box.hand("101", 100 + 60 * at + n, password=f"{PASSWORDS['101']}-{word}") for n in range(60)])
        for at, word in enumerate(sections)
    }
    reached = dict.fromkeys(sections, 0)
    deadline = time.monotonic() + 6.0
    try:
        while time.monotonic() < deadline:
            for word, phones in callers.items():
                reached[word] += call_goes_out(next(phones), trunks[word])
            time.sleep(0.01)
    finally:
        stop.set()
        pushed.join(10)
    for word, trunk in trunks.items():
        # Heard by call_goes_out only where the secret and the way belong together; nothing else may have come.
        heard = [message for message, _ in trunk.heard if message.method == "INVITE" and not message.code]
        strangers = [message.start for message in heard if message.get("X-Word") != word]
        assert not strangers, f"a call proved by another version's secret took the {word} way"
    assert all(reached.values()), f"calls by both versions: {reached}"


def pushes(box: Telephony, sections: list[Any], stop: threading.Event) -> threading.Thread:
    """Push one after the other until stopped, as voice does."""

    async def work() -> None:
        rpc_client = KamailioRpc(RunFolder.of(box.root.paths).rpc_socket)
        push, view = Push(rpc_client, RunFolder.of(box.root.paths)), KamailioView(rpc_client, SystemClock())
        run: Run | None = (await view.look()).run
        while not stop.is_set():
            for section in sections:
                assert run is not None
                run = await push.settings(section, run)
                await asyncio.sleep(random.uniform(0.05, 0.2))
        rpc_client.close()

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    return thread


def call_goes_out(caller: Hand, trunk: Wire) -> bool:
    """Whether a call with this secret reached a trunk: it is refused when the other version is in force."""
    word = caller.password.rpartition("-")[2]
    invite = caller.invitation("0987654321")
    invite.headers.append(("X-Word", word))
    caller.wire.send(invite, caller.box)
    challenge = caller.wire.final(invite)
    assert challenge.code == 407
    again = caller.proved(invite, challenge)
    caller.wire.send(again, caller.box)
    call_id = again.get("Call-ID")
    answer = caller.wire.receive(lambda message: message.code in (100, 407) and message.get("Call-ID") == call_id)[0]
    if answer.code == 407:
        caller.wire.send(acknowledge(again, answer), caller.box)
        return False
    request, source = trunk.receive(lambda message: message.method == "INVITE" and message.get("Call-ID") == call_id)
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    caller.wire.final(again)
    return True


def test_two_hundred_extensions_are_pushed_without_a_restart_and_again_after_one(telephony: Telephony) -> None:
    box = telephony
    kamailio = box.start()
    box.root.start("settings")
    many = {str(number): f"secret-{number}" for number in range(200, 400)}
    document = box.site(extensions=many)
    wanted = tables(parse_site(document).voice).version
    begun = time.monotonic()
    box.root.write_site(document)
    wait_for(lambda: version(box) == wanted, "the push", every=0.02)
    assert time.monotonic() - begun <= PUSH_S + 2.0  # the settings daemon looks at its file every second
    assert kamailio.process.poll() is None
    told = box.json("voice", "mode")
    assert (told["version"], told["told"]) == (wanted, True)
    box.hand("399", 101, password="secret-399").register(prove=False)

    # Started again from settings of the past, as by a launcher that could not reach anything newer.
    kamailio.kill()
    box.root.start("kamailio")
    box.rpc("htable.sets", "run", "version", "stale")
    wait_for(lambda: version(box) == wanted, "the push repeated", every=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_of_voice_in_the_middle_of_pushes_leaves_one_whole_version(telephony: Telephony, seed: int) -> None:
    box = telephony
    chance = random.Random(seed)
    box.start(site(box, "w", 20), voice=False)
    sections = {}
    for turn in range(4):
        people = {str(number): f"{turn}-{number}" for number in range(1000, 2000)}
        document = box.site(cloud="# no cloud", extensions=people)
        sections[tables(parse_site(document).voice).version] = tables(parse_site(document).voice)
        box.root.write_site(document)
        voice = box.root.start("voice")
        time.sleep(chance.uniform(0.0, 0.25))
        voice.kill()
        in_force = version(box)
        known = sections.get(in_force) or tables(parse_site(site(box, "w", 20)).voice)
        assert known.version == in_force
        for number in ("1000", "1500", "1999") if in_force in sections else ("101", "102", "103"):
            held = box.rpc("htable.get", "secret", f"{in_force}::{number}")["item"]["value"]
            assert held == known.htables["secret"][number]
