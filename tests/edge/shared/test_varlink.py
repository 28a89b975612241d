"""Our varlink server and client, against the reference client and against ill-behaved ones, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest
import varlink

from edge.shared.messages.settings import APPLY, SETTINGS, ApplyParams
from edge.shared.varlink import call_once
from hil.rig.daemon import LocalRoot
from tests.edge.shared.varlink_raw import SITE, call, raw


@pytest.fixture
def reference(settings: LocalRoot) -> Iterator[varlink.SimpleClientInterfaceHandler]:
    """The reference client from PyPI, connected to it."""
    address = f"unix:{settings.paths.socket('settings')}"
    with varlink.Client(address) as client, client.open("fr.repli.settings") as connection:
        yield connection


def test_reference_client_introspects(settings: LocalRoot) -> None:
    with (
        varlink.Client(f"unix:{settings.paths.socket('settings')}") as client,
        client.open("org.varlink.service") as service,
    ):
        info = service.GetInfo()
        assert info["vendor"] == "Repli"
        assert info["interfaces"] == ["org.varlink.service", "fr.repli.settings"]
        described = service.GetInterfaceDescription("fr.repli.settings")["description"]
        assert described == SETTINGS.text()
        itself = service.GetInterfaceDescription("org.varlink.service")["description"]
        assert varlink.Interface(itself).name == "org.varlink.service"
        with pytest.raises(varlink.InterfaceNotFound):
            service.GetInterfaceDescription("fr.repli.nothing")


def test_reference_client_calls(reference: varlink.SimpleClientInterfaceHandler) -> None:
    assert reference.Status()["summary"]["site"] == "Mairie de Test"


def test_reference_client_gets_named_errors_with_their_data(reference: varlink.SimpleClientInterfaceHandler) -> None:
    with pytest.raises(varlink.VarlinkError) as caught:
        reference.Apply(document="site.nam = 1\n", request_id="x", author="root", confirm_within_s=None)
    assert caught.value.error() == "fr.repli.settings.SettingsFaulty"
    (fault,) = caught.value.parameters()["faults"]
    assert (fault["path"], fault["kind"]) == ("site.nam", "extra_forbidden")


def test_reference_client_watches(reference: varlink.SimpleClientInterfaceHandler, settings: LocalRoot) -> None:
    updates = reference.Watch(section="web", _more=True)
    assert next(updates)["settings"] == {"site": {"name": "Mairie de Test"}}
    document = SITE + "[web]\nport = 8123\n[voice]\nanswer_timeout_ms = 900\n"
    asyncio.run(
        call_once(SETTINGS, settings.paths.socket("settings"), APPLY, ApplyParams(document=document, request_id="w"))
    )
    assert next(updates)["settings"] == {"site": {"name": "Mairie de Test"}, "web": {"port": 8123}}


def test_calls_sent_together_are_answered_in_order_and_oneway_is_silent(settings: LocalRoot) -> None:
    answer = raw(
        settings.paths.socket("settings"),
        call("fr.repli.settings.Status")
        + call("fr.repli.settings.Status", oneway=True)
        + call("org.varlink.service.GetInfo"),
    )
    first, second = answer.rstrip(b"\0").split(b"\0")
    assert b"summary" in first
    assert b"vendor" in second


def test_a_call_with_more_to_a_method_that_answers_once(settings: LocalRoot) -> None:
    answer = json.loads(
        raw(settings.paths.socket("settings"), call("fr.repli.settings.Status", more=True)).rstrip(b"\0")
    )
    assert answer["parameters"]["daemon"] == "settings"
    assert not answer.get("continues")


def test_a_connection_outlives_a_watch_that_was_refused(settings: LocalRoot) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(settings.paths.socket("settings")))
        caller.sendall(b'{"method":"fr.repli.settings.Watch","parameters":{"section":1},"more":true}\0')
        assert b"InvalidParameter" in caller.recv(65536)
        caller.sendall(b'{"method":"org.varlink.service.GetInfo"}\0')
        assert b"fr.repli.settings" in caller.recv(65536)
