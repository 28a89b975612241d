"""Who may call what: the whole table, written out once more, so that a change of rights is seen in review."""

from __future__ import annotations

import pytest

from edge.shared.daemons import DAEMONS
from edge.shared.rights import OTHER, RIGHTS, ROOT, Caller, may_call

ALL = "settings uplinks dnsmasq chrony pppd modem kamailio voice alerts web"

TABLE = {
    "fr.repli.settings.Status": ALL,
    "fr.repli.settings.Watch": ALL,
    "fr.repli.settings.Get": "",
    "fr.repli.settings.Check": "web",
    "fr.repli.settings.Apply": "",
    "fr.repli.settings.Confirm": "web",
    "fr.repli.settings.Schema": "web",
    "fr.repli.uplinks.Status": ALL,
    "fr.repli.uplinks.List": "modem voice alerts web",
    "fr.repli.uplinks.History": "alerts web",
    "fr.repli.uplinks.Samples": "alerts web",
    "fr.repli.uplinks.Probe": "web",
    "fr.repli.uplinks.Budget": "alerts web",
    "fr.repli.uplinks.Watch": "voice alerts web",
    "fr.repli.uplinks.Override": "web",
    "fr.repli.uplinks.Release": "web",
    "fr.repli.pppd.Status": ALL,
    "fr.repli.uplinks.Firewall": "web",
    "fr.repli.uplinks.Isolate": "web",
    "fr.repli.modem.Status": ALL,
    "fr.repli.modem.List": "alerts web",
    "fr.repli.modem.Send": "alerts",
    "fr.repli.modem.Withdraw": "alerts",
    "fr.repli.modem.Outbox": "alerts",
    "fr.repli.modem.Inbox": "alerts",
    "fr.repli.modem.Watch": "alerts",
    "fr.repli.modem.At": "",
    "fr.repli.modem.Estimate": "alerts web",
    "fr.repli.panel.PowerCycle": "modem",
    "fr.repli.modem.Signal": "voice alerts web",
    "fr.repli.modem.WatchSignal": "voice alerts web",
    "fr.repli.modem.SelfTest": "web",
    "fr.repli.modem.Sims": "web",
    "fr.repli.modem.AcceptSim": "web",
    "fr.repli.modem.Dial": "voice",
    "fr.repli.modem.Answer": "voice",
    "fr.repli.modem.HangUp": "voice",
    "fr.repli.modem.SendDtmf": "voice",
    "fr.repli.modem.Calls": "voice",
    "fr.repli.modem.WatchCalls": "voice",
    "fr.repli.modem.Bearers": "uplinks web",
    "fr.repli.modem.SetBearer": "uplinks",
    "fr.repli.modem.Ussd": "",
    "fr.repli.modem.UssdCancel": "",
    "fr.repli.voice.Status": ALL,
    "fr.repli.voice.Mode": "modem alerts web",
    "fr.repli.voice.Phones": "web",
    "fr.repli.voice.Bans": "web",
    "fr.repli.voice.Unban": "web",
    "fr.repli.voice.Explain": "web",
    "fr.repli.voice.Calls": "web",
    "fr.repli.voice.CallStats": "web",
    "fr.repli.voice.Redirect": "web",
    "fr.repli.voice.Redirects": "web",
    "fr.repli.voice.CancelRedirects": "web",
    "fr.repli.voice.Trunks": "web",
    "fr.repli.voice.Watch": "alerts web",
    "fr.repli.voice.WatchCalls": "alerts web",
    "fr.repli.alerts.Status": ALL,
    "fr.repli.alerts.Import": "",
    "fr.repli.alerts.Lists": "web",
    "fr.repli.alerts.Scenarios": "web",
    "fr.repli.alerts.Preview": "web",
    "fr.repli.alerts.Send": "web",
    "fr.repli.alerts.Show": "web",
    "fr.repli.alerts.Campaigns": "web",
    "fr.repli.alerts.Watch": "web",
    "fr.repli.web.Status": ALL,
}


def test_the_table_is_as_reviewed() -> None:
    assert {method: set(users) for method, users in RIGHTS.items()} == {
        method: set(users.split()) for method, users in TABLE.items()
    }


def test_every_method_of_every_interface_is_in_the_table(all_interfaces: dict) -> None:
    methods = {f"{name}.{method.name}" for name, interface in all_interfaces.items() for method in interface.methods}
    assert methods == RIGHTS.keys()


@pytest.mark.parametrize("method", TABLE)
def test_root_may_everything_and_strangers_nothing(method: str) -> None:
    assert may_call(Caller(0, 1, ROOT), method)
    assert not may_call(Caller(65534, 1, OTHER), method)


def test_a_method_that_nobody_listed_is_roots_alone() -> None:
    assert not any(may_call(Caller(1, 1, name), "fr.repli.settings.Invented") for name in DAEMONS)
