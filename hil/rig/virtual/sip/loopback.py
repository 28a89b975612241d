"""Telephony on loopback: a real Kamailio under its launcher, voice beside it, peers on addresses of their own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.shared.messages.voice import MODE, VOICE, VoiceMode
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams
from hil.rig.daemon import DaemonProcess, LocalRoot
from hil.rig.virtual.sip.peer import Peer
from hil.rig.virtual.sip.phone import Line, Phone
from hil.rig.virtual.sip.place import LoopbackPlace
from hil.rig.virtual.sip.rpc import ask
from hil.rig.virtual.sip.wire import SDP, Hand, Message, Wire, reply_to
from hil.rig.virtual.waiting import HAPPENS_S, wait_for

DOMAIN = "mairie.example"
PASSWORDS = {"101": "accueil-secret", "102": "secretariat-secret", "103": "police-secret"}
NO_CLOUD = "# no cloud"  # the box alone: what it grants lasts as long as the hold-down, and no test is to outlive that
NETWORKS = itertools.count(1)  # a 127.P.N.0/24 for each setting of a test, so that no two meet,
PROCESS_OCTET = 64 + os.getpid() % 128  # nor those of two test runs


@dataclass
class Telephony:
    """The box and the addresses around it."""

    root: LocalRoot
    place: LoopbackPlace
    net: str
    opened: list[Wire] = field(default_factory=list)

    @property
    def box(self) -> tuple[str, int]:
        """Where phones are served."""
        return (f"{self.net}.1", 5060)

    @property
    def cloud(self) -> str:
        """The cloud PBX's address."""
        return f"{self.net}.10"

    @property
    def trunk(self) -> str:
        """The trunk's address."""
        return f"{self.net}.20"

    def site(
        self, extra: str = "", *, extensions: dict[str, str] | None = None, cloud: str = "", more: str = ""
    ) -> str:
        """A site.toml; extra: settings of the section, more: tables after it."""
        people = PASSWORDS if extensions is None else extensions
        listed = "".join(f'[[voice.extensions]]\nnumber = "{n}"\npassword = "{p}"\n' for n, p in people.items())
        return f"""[voice]
domain = "{DOMAIN}"
listen = [{{ address = "{self.box[0]}" }}, {{ address = "{self.box[0]}", transport = "tcp" }}]
probe_interval_s = 1
hold_down_s = {60 if cloud == NO_CLOUD else 2}
{cloud or f'cloud = {{ address = "{self.cloud}" }}'}
{extra}
{listed}
[[voice.trunks]]
name = "pstn"
address = "{self.trunk}"
{more}"""

    def start(self, document: str | None = None, *, voice: bool = True) -> DaemonProcess:
        """Start Kamailio, and voice beside it; returns Kamailio."""
        self.root.write_site(document or self.site())
        kamailio = self.root.start("kamailio")
        if voice:
            self.root.start("voice")
        return kamailio

    def wire(self, host: int, port: int = 5060, transport: str = "udp") -> Wire:
        """A peer by hand on its own network."""
        wire = Wire(f"{self.net}.{host}", port, transport)
        self.opened.append(wire)
        return wire

    def hand(self, number: str, host: int, port: int = 5060, transport: str = "udp", password: str = "") -> Hand:
        """A phone by hand."""
        wire = self.wire(host, port, transport)
        if transport == "tcp":
            wire.connect(self.box)
        return Hand(wire, number, password or PASSWORDS[number], DOMAIN, self.box)

    def registered(self, number: str, host: int) -> Hand:
        """A phone by hand that has registered."""
        phone = self.hand(number, host)
        assert phone.register().code == 200
        return phone

    def lasting(self, number: str, host: int) -> Hand:
        """One that the box has granted an hour by itself: where the hold-down is short, that would be ten seconds."""
        phone = self.registered(number, host)
        (held,) = self.rpc("ul.lookup", "location", number)["Contacts"]
        contact = held["Contact"]
        where = (contact["Received"], contact["Socket"])
        self.rpc("ul.add", "location", number, contact["Address"], 3600, 1.0, "0", 0, contact["CFlags"], 16383, *where)
        return phone

    def phone(self, number: str, host: int, frequency: int, password: str = "") -> Phone:
        """A baresip, started."""
        control = 20000 + int(self.net.rsplit(".", 1)[-1]) * 100 + host
        line = Line(
            number,
            password or PASSWORDS[number],
            DOMAIN,
            f"{self.net}.{host}",
            f"{self.box[0]}:{self.box[1]}",
            frequency=frequency,
            control_port=control,
        )
        phone = Phone(self.place, line)
        phone.start()
        return phone

    def json(self, *arguments: str) -> dict[str, Any]:
        """A verb of the command line, as JSON."""
        result = self.root.repli(*arguments, "--json")
        assert result.stdout, result.stderr
        parsed: dict[str, Any] = json.loads(result.stdout)
        return parsed

    def rpc(self, method: str, *parameters: str | float) -> Any:
        """One question to its Kamailio itself. Raises Refused."""
        return ask(self.root.paths.kamailio_run / "rpc", method, *parameters)

    def wait_mode(self, mode: str, timeout: float = HAPPENS_S) -> dict[str, Any]:
        """Return once voice says so. It is asked itself: a command line at each turn would be half the machine's load."""
        wait_for(lambda: asyncio.run(self._mode()) == mode, f"mode {mode}", timeout, every=0.1)
        return self.json("voice", "mode")

    async def _mode(self) -> VoiceMode:
        return (await call_once(VOICE, self.root.paths.socket("voice"), MODE, NoParams())).mode

    def stop(self) -> None:
        """End everything."""
        for wire in self.opened:
            wire.sock.close()
        self.place.stop()
        self.root.stop()


@contextlib.contextmanager
def telephony_alone() -> Iterator[Telephony]:
    """A box of its own in a folder of its own, gone afterwards."""
    # A tmpfs, as the box's run folder is: Kamailio syncs every binding by itself.
    folder = Path(tempfile.mkdtemp(prefix="v-", dir="/dev/shm"))
    folder.chmod(0o755)
    (folder / "peers").mkdir()
    place = LoopbackPlace(folder / "peers")
    one = Telephony(LocalRoot(folder / "root"), place, f"127.{PROCESS_OCTET}.{next(NETWORKS)}")
    try:
        yield one
    finally:
        one.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(eq=False)
class HandPbx(Peer):
    """A cloud PBX by hand: it answers probes, grants registrations, keeps contacts as they are and knows no Path.

    What else it hears waits for request() and final().
    """

    expires: int = 60  # granted to what is not leaving, s
    registered: list[Message] = field(default_factory=list)
    others: tuple[str, ...] = ()  # contacts of other devices, which registrars list in their answer
    refuse: tuple[int, str] | None = None  # instead of granting
    loss: float = 0.0  # the part of what it hears, and of what it says, that is lost
    _chance: random.Random = field(default_factory=lambda: random.Random(3))

    def call(self, uri: str, box: tuple[str, int]) -> Message:
        """Send an INVITE for a contact or an extension to the box; returns it."""
        caller = Hand(self.wire, "0123456789", "", DOMAIN, box)
        contact = f"<sip:0123456789@{self.wire.address}:{self.wire.port}>"
        invite = caller.compose("INVITE", uri, headers=[("Contact", contact)], body=SDP.format(self.wire.address))
        self.wire.send(invite, box)
        return invite

    def hear(self, message: Message, source: tuple[str, int]) -> None:
        """Probes and registrations are answered."""
        if self._lost():
            return
        if message.method == "OPTIONS" and not message.code:
            if not self._lost():
                self.wire.send(reply_to(message, 200, "OK"), source)
        elif message.method == "REGISTER" and not message.code:
            self._register(message, source)
        else:
            self.other(message, source)

    def other(self, message: Message, source: tuple[str, int]) -> None:
        """What is neither."""
        self.keep(message, source)

    def _lost(self) -> bool:
        return self._chance.random() < self.loss

    def _register(self, request: Message, source: tuple[str, int]) -> None:
        if request.get("Contact"):  # else it only asks who is registered, as the box does of everybody
            self.registered.append(request)
        if self._lost():
            return
        if self.refuse is not None:
            self.wire.send(reply_to(request, *self.refuse), source)
            return
        leaving = request.get("Expires") == "0"
        kept = [contact for contact in request.all("Contact") if not leaving and "expires=0" not in contact]
        granted = [("Contact", f"{re.sub(';expires=[0-9]+', '', one)};expires={self.expires}") for one in kept]
        listed = [("Contact", contact) for contact in self.others]
        self.wire.send(reply_to(request, 200, "OK", [*listed, *granted]), source)
