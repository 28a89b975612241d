"""The world in which something happens to the operator's PBX."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, telephony_alone
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.world import STAFF, World


@pytest.fixture(params=["path", "no-path"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """On loopback, with everybody registered at the operator's PBX, which honours Path or does not, or speaks TCP."""
    with telephony_alone() as box:
        everybody = {**PASSWORDS, **STAFF}
        transport = "tcp" if request.param == "tcp" else "udp"
        honours_path = request.param != "no-path"
        pbx = Pbx(box.place, box.cloud, DOMAIN, everybody, honours_path=honours_path, transport=transport)
        pbx.start()
        box.start(
            box.site(cloud=f'cloud = {{ address = "{box.cloud}", transport = "{transport}" }}', extensions=everybody)
        )
        world = World(box, pbx, box.phone("101", 101, 440), box.phone("102", 102, 650))
        world.settle()
        yield world
