"""The data bearer on modems that connect as SIM7600 and EC25 do: up by itself, kept up, and messages beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pyroute2 import IPRoute

from edge.modem.bearer import commands
from edge.shared.messages.modem import MODEM, ModemState
from edge.shared.messages.modem_bearer import (
    BEARERS,
    SET_BEARER,
    Bearer,
    BearerCause,
    BearerState,
    SetBearerParams,
)
from edge.shared.model.modem_bearer import BearerSection
from edge.shared.varlink import CallFailed, call_once
from edge.shared.varlink_idl import NoParams
from hil.rig.virtual.modem.bench import SETTINGS, ModemBench

IFF_RUNNING = 0x40  # the interface has a carrier
MAKES = pytest.mark.parametrize("make", ["sim7600", "ec25", "plain"])


@pytest.fixture
def interface() -> Iterator[str]:
    """A modem's network interface; its other end is the modem's."""
    with IPRoute() as route:
        route.link("add", ifname="lte0", kind="veth", peer={"ifname": "lte0-net"})
        (index,) = route.link_lookup(ifname="lte0")
        route.link("set", index=index, state="up")
        yield "lte0"
        route.link("del", index=index)


def has_carrier(interface: str) -> bool:
    with IPRoute() as route:
        (link,) = route.get_links(route.link_lookup(ifname=interface)[0])
        return bool(link["flags"] & IFF_RUNNING)


def start(
    bench: ModemBench, make: str = "sim7600", settings: str = "", *, registration: str = "home", **operator: Any
) -> None:
    modem = bench.add_modem(options=["--personality", make])
    modem.inject("operator", **operator)
    modem.inject("signal", registration=registration)
    values = "\n".join(f"{name} = {value}" for name, value in SETTINGS.items())
    bench.root.write_site(
        f'[modem]\n{values}\n[[modem.devices]]\nname = "m1"\ndevice = "{modem.link}"\n'
        f'[modem.devices.bearer]\napn = "internet"\ninterface = "lte0"\n{settings}\n'
    )
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)


def seen(bench: ModemBench) -> Bearer:
    (found,) = asyncio.run(call_once(MODEM, bench.root.paths.socket("modem"), BEARERS, NoParams())).bearers
    return found


def want(bench: ModemBench, *, up: bool, request_id: str, modem: str = "m1") -> None:
    params = SetBearerParams(modem=modem, up=up, request_id=request_id)
    asyncio.run(call_once(MODEM, bench.root.paths.socket("modem"), SET_BEARER, params))


def wait_for(bench: ModemBench, state: BearerState, cause: BearerCause | None = None) -> Bearer:
    bench.wait(lambda: seen(bench).state is state)
    found = seen(bench)
    assert found.cause == cause, found
    return found


@MAKES
def test_it_comes_up_by_itself_and_the_interface_gets_its_carrier(bench: ModemBench, interface: str, make: str) -> None:
    start(bench, make, peer="lte0-net")
    up = wait_for(bench, BearerState.UP)
    assert has_carrier(interface)
    assert (up.address, up.present, up.tries) == ("10.20.30.40", True, 0)
    assert not {issue.id for issue in bench.issues() if issue.id.startswith("modem.bearer")}
    assert up.rx_bytes is not None and up.tx_bytes is not None
    assert bench.modems[0].inject("look_bearer")["dials"] == 1


@MAKES
@pytest.mark.parametrize(("auth", "number"), [("pap", 1), ("chap", 2)])
def test_name_and_password_are_told_as_the_make_wants_them(
    bench: ModemBench, make: str, auth: str, number: int
) -> None:
    settings = f'auth = "{auth}"\nuser = "mairie"\npassword = "secret"\npdp_type = "ipv4v6"'
    start(bench, make, settings, auth=[number, "mairie", "secret"])
    wait_for(bench, BearerState.UP)
    told = bench.modems[0].inject("look_bearer")
    assert (told["apn"], told["pdp_type"], told["auth"]) == ("internet", "IPV4V6", [number, "mairie", "secret"])
    assert "secret" not in bench.root.running["modem"].log.read_text()


@pytest.mark.parametrize(("make", "silent"), [("sim7600", False), ("ec25", False), ("plain", False), ("sim7600", True)])
def test_what_the_network_takes_away_comes_back(bench: ModemBench, make: str, silent: bool) -> None:
    start(bench, make)
    wait_for(bench, BearerState.UP)
    bench.modems[0].inject("drop_bearer", silent=silent)
    within = 30 if silent else 8  # it is looked at every 10 s; who tells it makes that sooner
    bench.wait(lambda: bool(bench.modems[0].inject("look_bearer")["up"]), within=within)
    wait_for(bench, BearerState.UP)


@pytest.mark.parametrize("make", ["sim7600", "ec25"])
@pytest.mark.parametrize(
    ("operator", "cause", "issue"),
    [
        ({"apn": "orange"}, BearerCause.APN, "modem.bearer_apn"),
        ({"auth": [1, "a", "b"]}, BearerCause.AUTHENTICATION, "modem.bearer_authentication"),
        ({"refuse": "subscription"}, BearerCause.BARRED, "modem.bearer_barred"),
    ],
)
def test_what_the_operator_refuses_is_said_and_messages_go(
    bench: ModemBench, make: str, operator: dict[str, Any], cause: BearerCause, issue: str
) -> None:
    begun = time.monotonic()
    start(bench, make, **operator)
    down = wait_for(bench, BearerState.DOWN, cause)
    assert down.tries >= 1 and down.detail
    assert issue in {found.id for found in bench.issues()}
    bench.send("+33612345678", "Bonjour", "s1")
    bench.wait_all()
    dials = bench.modems[0].inject("look_bearer")["dials"]
    due, tries = commands.retry_after(1), 1
    while due <= time.monotonic() - begun:
        tries += 1
        due += commands.retry_after(tries)
    assert 1 <= dials <= tries  # one, unless all this took longer than the first pause


def test_once_the_operator_agrees_it_comes_up(bench: ModemBench) -> None:
    start(bench, refuse="subscription")
    wait_for(bench, BearerState.DOWN, BearerCause.BARRED)
    bench.modems[0].inject("operator", refuse="")
    bench.wait(lambda: seen(bench).state is BearerState.UP)
    assert seen(bench).tries == 0


def test_it_goes_down_and_up_when_somebody_wants_it(bench: ModemBench, interface: str) -> None:
    start(bench, peer="lte0-net")
    wait_for(bench, BearerState.UP)
    want(bench, up=False, request_id="b1")
    wait_for(bench, BearerState.OFF)
    assert not has_carrier(interface)
    bench.send("+33612345678", "Bonjour", "s1")
    bench.wait_all()
    want(bench, up=True, request_id="b2")
    wait_for(bench, BearerState.UP)
    want(bench, up=False, request_id="b1")
    assert has_carrier(interface)
    with pytest.raises(CallFailed, match="NoSuchBearer"):
        want(bench, up=True, request_id="b3", modem="m9")


def test_abroad_it_stays_down(bench: ModemBench) -> None:
    start(bench, registration="roaming")
    wait_for(bench, BearerState.ROAMING)
    assert "modem.bearer_roaming" in {found.id for found in bench.issues()}
    assert bench.modems[0].inject("look_bearer")["dials"] == 0
    bench.send("+33612345678", "Bonjour", "s1")
    bench.wait_all()


def test_abroad_it_comes_up_where_the_settings_allow_it(bench: ModemBench) -> None:
    start(bench, settings="roaming = true", registration="roaming")
    wait_for(bench, BearerState.UP)


def test_a_modem_that_does_not_answer_the_connection_is_asked_again_and_messages_go(bench: ModemBench) -> None:
    start(bench, silent=1)
    wait_for(bench, BearerState.DOWN, BearerCause.SILENT)
    bench.send("+33612345678", "Bonjour", "s1")
    bench.wait_all()
    bench.wait(lambda: seen(bench).state is BearerState.UP)


def test_an_interface_that_is_not_there_is_said(bench: ModemBench) -> None:
    start(bench)
    assert not wait_for(bench, BearerState.UP).present
    assert "modem.bearer_no_interface" in {found.id for found in bench.issues()}


def test_it_goes_with_its_modem_and_comes_back_with_it(bench: ModemBench) -> None:
    start(bench)
    wait_for(bench, BearerState.UP)
    bench.modems[0].inject("unplug")
    wait_for(bench, BearerState.AWAY)
    bench.modems[0].inject("plug")
    wait_for(bench, BearerState.UP)


def test_messages_go_beside_a_bearer_and_neither_disturbs_the_other(bench: ModemBench) -> None:
    start(bench)
    for place in range(20):
        bench.send(f"+336123456{place:02d}", f"Message {place}", f"s{place}")
        if place == 10:
            bench.modems[0].inject("drop_bearer")
    bench.wait_all()
    wait_for(bench, BearerState.UP)
    assert len(bench.accepted()) == 20
    assert bench.modems[0].malformed() == []


WANTED = BearerSection(apn="internet", interface="lte0")


def test_only_a_context_that_differs_is_defined_anew() -> None:
    assert commands.is_defined(['+CGDCONT: 1,"IP","Internet","0.0.0.0",0,0'], WANTED)
    assert not commands.is_defined(['+CGDCONT: 1,"IP","internet2","0.0.0.0",0,0'], WANTED)
    assert not commands.is_defined(['+CGDCONT: 1,"IPV4V6","internet"'], WANTED)
    assert not commands.is_defined(['+CGDCONT: 2,"IP","internet"'], WANTED)


@pytest.mark.parametrize(
    ("text", "code", "cause"),
    [
        ("Missing or unknown APN", 148, BearerCause.APN),
        ("User authentication failed", None, BearerCause.AUTHENTICATION),
        ("Operator determined barring", None, BearerCause.BARRED),
        ("Insufficient resources", None, BearerCause.CONGESTED),
        ("No service", None, BearerCause.NO_NETWORK),
        ("5,29", None, BearerCause.AUTHENTICATION),
        ("27", None, BearerCause.APN),
        ("", 149, BearerCause.AUTHENTICATION),
        ("", 133, BearerCause.BARRED),
        ("No cause information available", 148, BearerCause.UNKNOWN),
        ("", None, BearerCause.UNKNOWN),
    ],
)
def test_a_refusal_is_told_by_words_then_by_values(text: str, code: int | None, cause: BearerCause) -> None:
    assert commands.cause_of(text, code) is cause


def test_tries_grow_rare_and_never_cease() -> None:
    assert [commands.retry_after(tries) for tries in (1, 2, 3, 7, 1000)] == [5.0, 10.0, 20.0, 300.0, 300.0]
