"""No log of the appliance has a phone number in full: not of calls, nor of messages that Kamailio cannot read."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

from edge.voice.kamailio.log_mask import COMMAND
from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import DOMAIN, Telephony
from hil.rig.virtual.sip.trunk_calls import call, caller, ring, start_with_trunks
from hil.rig.virtual.sip.wire import reply_to
from hil.rig.virtual.waiting import wait_for

NUMBER, TEST, CALLER = "0687654321", "0612345678", "0611223344"
LATE_S = 0.5  # what a line may take through the filter

WHOLE = """INVITE sip:{n}@{d} SIP/2.0
Via: SIP/2.0/UDP {me};branch=z9hG4bK1;rport
Max-Forwards: 70
From: <sip:{n}@{d}>;tag=1
To: <sip:{n}@{d}>
Call-ID: {n}@{me}
CSeq: 1 INVITE
Contact: <sip:{n}@{me}>
Content-Length: 0

"""
BROKEN = {
    "first line": ("INVITE sip:", "INVITE  sip:"),
    "request uri": ("INVITE sip:{n}", "INVITE sip:06 87 65 43 21"),
    "version": ("{d} SIP/2.0", "{d} SIP/7.0"),
    "quote in From": ("From: <", 'From: "{n} <'),
    "spelt in From": ("From: <sip:{n}@{d}>", "From: <sip:06.87-65 43(21)@<{d}"),
    "escaped in From": ("From: <sip:{n}@{d}>", "From: <<sip:%30%36%38%37%36%35%34%33%32%31@{d}"),
    "quote in To": ("To: <", 'To: "06-87-65-43-21 <'),
    "no To": ("To: <sip:{n}@{d}>", "To: {n}, {n}"),
    "CSeq": ("CSeq: 1 INVITE", "CSeq: {n}{n} INVITE"),
    "Via": ("{me};branch", "{n} {n} {n};;branch"),
    "no header": ("Max-Forwards: 70", "{n} is no header"),
    "Contact": ("Contact: <sip:{n}@{me}>", "Contact: <sip:{n}@{me}, <{n}"),
    "length": ("Content-Length: 0", "Content-Length: -{n}"),
    "made-up line": ("Max-Forwards: 70", " 1(23) NOTICE: <script>: 06 87 65 43 21 {n}\nFrom {n}"),
    "REGISTER": ("Contact: <sip:{n}@{me}>", "Contact: {n}<sip:{n}"),
}


def readable(folder: Path, *numbers: str) -> list[str]:
    """The lines of all logs below a folder that have one of the numbers, however it is spelt."""
    wanted = [number.lstrip("0") for number in numbers]
    # The call records on their way to voice are none: they are what is kept, for as long as the settings say.
    logs = [log for log in folder.rglob("*.log") if "records" not in log.parts]
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    assert lines
    return [line for line in lines if any(number in re.sub(r"\D", "", unquote(line)) for number in wanted)]


def test_calls_leave_no_number_in_any_log(telephony: Telephony) -> None:
    box, operator = telephony, Carrier(telephony.wire(20))
    start_with_trunks(box, more=f'[voice.emergency]\ntest_number = "{TEST}"\n')
    desk = caller(box)
    for number in (TEST, NUMBER):
        call(desk, number)
        operator.turn_down(403, "No")
    ring(box, operator, NUMBER)
    log = box.root.folder / "kamailio.log"
    wait_for(lambda: "emergency call to 06…78 from" in log.read_text(), "the emergency call logged")
    time.sleep(LATE_S)
    assert readable(box.root.folder, NUMBER, TEST, CALLER) == []


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_what_cannot_be_read_is_not_repeated(telephony: Telephony, transport: str) -> None:
    box = telephony
    box.start(box.site(cloud="# no cloud"))
    log = box.root.folder / "kamailio.log"
    for at, (name, (sound, broken)) in enumerate(BROKEN.items()):
        wire = box.wire(100, 7000 + at, transport)
        text = WHOLE.replace("INVITE", "REGISTER") if name == "REGISTER" else WHOLE
        assert sound in text, name
        filled = text.replace(sound, broken).format(n=NUMBER, d=DOMAIN, me=f"{wire.address}:{wire.port}")
        data = filled.replace("\n", "\r\n").replace("UDP", transport.upper()).encode()
        if transport == "tcp":
            wire.connect(box.box)
            wire.sock.sendall(data)
        else:
            wire.sock.sendto(data, box.box)
    said = f"a message from {box.net}.100:7000 over {transport} cannot be read"
    wait_for(lambda: said in log.read_text(), "who sent it is said")
    assert caller(box).number == "101"
    time.sleep(LATE_S)
    assert readable(box.root.folder, NUMBER) == []
    assert "message=<" not in log.read_text(), "nor all of a message, masked or not: a flood would fill the disk"


def test_calls_go_on_when_the_filter_is_killed(telephony: Telephony) -> None:
    """The log is silent from then on, until the next start."""
    box = telephony
    kamailio = box.start(box.site(cloud="# no cloud"))
    pipe = Path(f"/proc/{kamailio.process.pid}/fd/2").readlink()
    (sed,) = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and reads(entry, pipe)]
    os.kill(int(sed.name), signal.SIGKILL)
    desk, hall = caller(box), caller(box, "102", 102)
    for _ in range(20):
        invite = desk.begin(desk.invitation("102"))
        heard, source = hall.wire.request()
        hall.wire.send(reply_to(heard, 486, "Busy Here"), source)
        assert desk.wire.final(invite).code == 486
        # Something to say in the log, to nobody.
        desk.wire.sock.sendto(b"INVITE  sip:0687654321@x SIP/2.0\r\nVia: x\r\n\r\n", box.box)
    assert kamailio.process.poll() is None
    assert readable(box.root.folder, NUMBER) == []


def reads(process: Path, pipe: Path) -> bool:
    try:
        return (process / "fd/0").readlink() == pipe
    except OSError:
        return False


@pytest.mark.parametrize("name", ["kamailio", "voice"])
def test_settings_that_are_refused_leave_no_number_either(telephony: Telephony, name: str) -> None:
    box = telephony
    box.root.write_site(box.site(more=f'[voice.emergency]\ntest_number = "{NUMBER}"\n"sip:{NUMBER}" = 1\n'))
    with pytest.raises(Exception, match="emergency"):
        box.root.start(name)
    assert readable(box.root.folder, NUMBER) == []


def filtered(text: str) -> str:
    """What the log gets of it."""
    ran = subprocess.run(COMMAND, input=text.encode(), capture_output=True, check=True, timeout=10, env={"LC_ALL": "C"})
    return ran.stdout.decode()


@pytest.mark.parametrize(
    "line",
    [
        " 1(23) NOTICE: <script>: address 192.168.100.200 blocked: flood\n",
        " 1(23) NOTICE: <script>: emergency call to 112 from 192.168.1.12:15060\n",
        " 0(1) CRITICAL: <core> [core/udp_server.c:611]: udp_init(): bind(5, 0x7f, 16) on 192.168.1.1: in use\n",
        "kamailio: error while loading shared libraries: libfoo.so: cannot open\n",
    ],
)
def test_what_a_technician_needs_stays(line: str) -> None:
    assert filtered(line) == line


def test_a_sender_cannot_keep_the_filter_busy() -> None:
    """A full pipe would stop Kamailio's workers."""
    begin = " 1(23) ERROR: <core> [core/parser/parse_to.c:1]: parse_to(): "
    lines = [begin + "1 2" * 20000, " 1(23) ERROR: tm [t.c:1]: f(): " + "06.12.34." * 7000, "1" * 60000, "]" * 60000]
    begun = time.monotonic()
    filtered("\n".join(lines) + "\n")
    assert time.monotonic() - begun < 5.0
