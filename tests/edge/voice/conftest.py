"""A box with telephones on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.loopback import HandPbx, Telephony, telephony_alone
from hil.rig.virtual.sip.wire import Hand, Wire
from tests.edge.voice.planned import Planned, planned_box
from tests.edge.voice.rough import Rough, rough_world


@pytest.fixture
def telephony() -> Iterator[Telephony]:
    """A box of this test alone."""
    with telephony_alone() as one:
        yield one


@pytest.fixture(scope="module")
def shared_telephony() -> Iterator[Telephony]:
    """A box of this file."""
    with telephony_alone() as one:
        yield one


@pytest.fixture(scope="module")
def planned(shared_telephony: Telephony) -> Iterator[Planned]:
    """The box of this file, with numbers that lead everywhere a plan can lead."""
    with planned_box(shared_telephony) as one:
        yield one


@pytest.fixture(scope="module")
def rough(shared_telephony: Telephony) -> Iterator[Rough]:
    """The box of this file, behind bad networks."""
    with rough_world(shared_telephony) as one:
        yield one


# -- around the `box` that a file starts as it needs it ------------------------------------------------------------------


@pytest.fixture(scope="module")
def pbx(box: Telephony) -> HandPbx:
    """The cloud PBX, by hand; the box has found it."""
    one = HandPbx(box.wire(10))
    if "voice" in box.root.running:
        box.wait_mode("cloud")
    return one


@pytest.fixture(scope="module")
def trunk(box: Telephony) -> Wire:
    """The trunk, by hand."""
    return box.wire(20)


@pytest.fixture(scope="module")
def office(box: Telephony) -> Hand:
    """The phone of 102, registered."""
    return box.registered("102", 102)
