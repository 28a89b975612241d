"""A town whose box is set up by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual import by_hand
from hil.rig.virtual.town import Town


@pytest.fixture
def town() -> Iterator[Town]:
    """A town with what measuring needs in the cloud, routed by hand through the fibre."""
    with Town("t-hil", ("echo", "targets")) as built:
        by_hand.set_up(built)
        by_hand.route(built, built.plan.fibre)
        yield built
