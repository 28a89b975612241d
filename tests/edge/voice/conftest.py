"""A box with telephones on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.loopback import Telephony, telephony_alone


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
