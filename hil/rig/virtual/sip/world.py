"""A building with two desk phones, many more that only register, and an operator's PBX to do things to."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass, field

from hil.rig.virtual.sip.loopback import DOMAIN, Telephony
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.phone import BothHeard, Phone, call_and_listen
from hil.rig.virtual.sip.registrars import Registrar

STAFF = {str(number): f"poste-{number}-secret" for number in range(201, 251)}  # each has a desk phone and a softphone


@dataclass
class World:
    """What a test changes and looks at."""

    box: Telephony
    pbx: Pbx
    first: Phone
    second: Phone
    _configurations: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Wait until both phones are registered, and remember how they are configured."""
        for phone in (self.first, self.second):
            phone.wait_registered()
            self._configurations[phone.label] = _configuration(phone)

    def staff(self) -> list[Registrar]:
        """Two phones for each of the staff, new ones at each call."""
        return World.staff_of(self.box)

    @staticmethod
    def staff_of(box: Telephony) -> list[Registrar]:
        """The same for a box without desk phones."""
        return [
            Registrar(number, password, DOMAIN, (f"{box.net}.{host}", 10_000 + int(number)), box.box)
            for number, password in STAFF.items()
            for host in (150, 151)
        ]

    def call(self, *, back: bool = False) -> BothHeard:
        """One phone calls the other; both must hear each other."""
        caller, callee = (self.second, self.first) if back else (self.first, self.second)
        result = call_and_listen(caller, callee)
        assert result.good, "one did not hear the other"
        return result

    def phones_never_noticed(self) -> None:
        """The same processes, configured as they were, and no registration ever failed."""
        for phone in (self.first, self.second):
            assert phone.process is not None
            assert phone.process.alive
            assert _configuration(phone) == self._configurations[phone.label]
            assert [event.fields for event in phone.events("REGISTER_FAIL")] == []

    def modes(self) -> list[str]:
        """Every mode since voice started."""
        return modes(self.box)

    def freeze(self) -> None:
        """The PBX takes packets and says nothing."""
        freeze(self.pbx)

    def thaw(self) -> None:
        """It goes on, with what it had in its queue first."""
        thaw(self.pbx)


def modes(box: Telephony) -> list[str]:
    """Every mode since voice started."""
    return re.findall(r"mode (\w+) \(", (box.root.folder / "voice.log").read_text(encoding="utf-8"))


def freeze(pbx: Pbx) -> None:
    """Stop all its processes."""
    assert pbx.process is not None
    os.killpg(pbx.process.pid, signal.SIGSTOP)


def thaw(pbx: Pbx) -> None:
    """Let them go on."""
    assert pbx.process is not None
    os.killpg(pbx.process.pid, signal.SIGCONT)


def _configuration(phone: Phone) -> str:
    return "".join((phone.folder / name).read_text(encoding="utf-8") for name in ("config", "accounts"))
