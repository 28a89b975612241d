"""A modem's data bearer as a link of uplinks: neither daemon needs the other, and the link comes and goes with the bearer."""

from __future__ import annotations

import pytest

from hil.rig.virtual.modem.part import modem_of
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def modem_settings(box: Box) -> str:
    plan = box.town.plan
    return (
        f'[modem]\n[[modem.devices]]\nname = "m1"\ndevice = "{plan.modem_device}"\n'
        f'[modem.devices.bearer]\napn = "internet"\ninterface = "{plan.lte.edge_interface}"\n'
    )


def test_a_modems_bearer_is_a_link_that_comes_and_goes_with_it() -> None:
    with Town("t-bearer", parts=["targets", "modem"]) as town:
        box, modem = Box(town), modem_of(town)
        modem.inject("operator", peer=town.plan.lte.inside_interface)
        link = box.static(town.plan.lte, 'kind = "lte"\nmodem = "m1"\nmetered = true')
        box.write(box.static(town.plan.fibre), link, modem_settings(box))
        box.start()
        box.wait_up("fibre", active="fibre")
        assert box.link("lte")["state"] != "up"
        daemon = box.start(name="modem")
        box.wait_up("fibre", "lte", active="fibre")
        daemon.kill()
        box.wait_up("fibre", "lte", active="fibre")
        modem.inject("operator", refuse="subscription")
        modem.inject("drop_bearer")
        wait_for(lambda: box.link("lte")["state"] != "up", "the link down with its bearer", every=0.1)
        assert box.links()["active"] == "fibre"
        modem.inject("operator", refuse="", peer=town.plan.lte.inside_interface)
        box.start(name="modem")
        box.wait_up("fibre", "lte", active="fibre")
