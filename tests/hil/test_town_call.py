"""A person's call in a running town: what `repli-town call` does."""

from __future__ import annotations

import pytest

from hil.rig.virtual.call import make_call
from hil.rig.virtual.sip.parts import pbx_calls, pstn_calls
from hil.rig.virtual.sip.phone import CallFailed
from hil.rig.virtual.town import Town

pytestmark = pytest.mark.town


def test_a_call_inside_one_outside_and_one_from_nowhere() -> None:
    with Town("calltest", parts=("targets", "pbx", "pstn")) as town:
        town.start_appliance("uplinks,voice")
        town.wait_ready(30)
        assert "both hear each other" in make_call(town, "101", "102")
        assert [call.called for call in pbx_calls(town)] == ["102"]
        assert "sound there and back" in make_call(town, "101", "112")
        assert [call.called for call in pstn_calls(town)] == ["112"]
        with pytest.raises(CallFailed, match="999"):
            make_call(town, "999", "102")
