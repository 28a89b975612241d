"""What others' senders make of the virtual modem: gammu and smstools3 send, get reports and receive, on each make."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.waiting import wait_for

MAKES = pytest.mark.parametrize("make", ["sim7600", "ec25"])
BASIC = "Alerte é €[]" * 20  # GSM 03.38 with its extensions, in two parts
WIDE = "Ça, ô œuvre " * 14  # UCS-2, in three
INBOUND = "Réponse très longue d’un habitant. " * 5


@contextmanager
def modem_of(make: str, folder: Path, *options: str) -> Iterator[VirtualModem]:
    quick = ("--personality", make, "--report-after", "0.05", *options)
    with VirtualModem(folder, options=quick) as modem:
        yield modem


def check_sent(modem: VirtualModem) -> None:
    """Both messages reached the network whole, in order, each part once, with a report wanted."""
    log = modem.log()
    assert "".join(line.text for line in log if line.encoding == "gsm7") == BASIC
    assert "".join(line.text for line in log if line.encoding == "ucs2") == WIDE
    assert [(line.part, line.total) for line in log] == [(1, 2), (2, 2), (1, 3), (2, 3), (3, 3)]
    assert {line.destination for line in log} == {"+33612345678"}
    assert all(line.report_wanted for line in log)
    assert modem.malformed() == []


def gammu(config: Path, *command: str) -> str:
    """What it says."""
    said = subprocess.run(
        ["gammu", "-c", str(config), *command],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


@MAKES
def test_gammu_sends_gets_reports_and_receives(make: str, tmp_path: Path) -> None:
    # gammu does not look into SR, where this EC25 would keep reports.
    with modem_of(make, tmp_path, "--reports-in", "ME") as modem:
        modem.inject("bring", number="+33698765432", text=INBOUND)
        config, batch = tmp_path / "gammurc", tmp_path / "batch"
        config.write_text(f"[gammu]\ndevice = {modem.link}\nconnection = at115200\n")
        batch.write_text(
            f'sendsms TEXT +33612345678 -report -len 400 -text "{BASIC}"\n'
            f'sendsms TEXT +33612345678 -report -unicode -len 400 -text "{WIDE}"\n'
        )
        gammu(config, "batch", str(batch))
        check_sent(modem)
        received = ""

        def all_reported() -> bool:
            nonlocal received
            received = gammu(config, "getallsms")
            return "".join(received.split()).count("Deliverystatus:Delivered") == 5

        wait_for(all_reported, "five reports", 60)
        assert [f"Reference number     : {number}" in received for number in range(5)] == [True] * 5
        assert received.count("+33698765432") == 3
        assert "Concatenated (linked) message, ID (8 bit) 1, part 3 of 3" in received
        assert INBOUND[:60] in received


@MAKES
def test_smstools_sends_gets_reports_and_receives(make: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    folders = {name: spool / name for name in ("outgoing", "checked", "incoming", "failed", "sent", "report")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    with modem_of(make, tmp_path) as modem, smsd(make, modem, spool, folders):
        modem.inject("bring", number="+33698765432", text=INBOUND)
        hand_in(spool, "1", "UTF-8", BASIC.encode())
        wait(lambda: len(list(folders["sent"].iterdir())) == 1)
        hand_in(spool, "2", "UCS", WIDE.encode("utf-16-be"))
        wait(lambda: len(list(folders["report"].iterdir())) == 5 and len(list(folders["incoming"].iterdir())) == 1)
        check_sent(modem)
        assert len(list(folders["sent"].iterdir())) == 2
        reports = [path.read_text() for path in folders["report"].iterdir()]
        assert all("Status: 0,Ok,short message received by the SME" in report for report in reports)
        assert sorted(int(number) for number in re.findall(r"Message_id: (\d+)", "".join(reports))) == [0, 1, 2, 3, 4]
        header, _, text = next(folders["incoming"].iterdir()).read_text().partition("\n\n")
        assert "From: 33698765432" in header
        assert text.strip() == INBOUND.strip()
        wait(lambda: modem.inject("look")["stored"] == {"ME": 0, "SM": 0, "SR": 0})


def hand_in(spool: Path, name: str, alphabet: str, text: bytes) -> None:
    fresh = spool / name
    fresh.write_bytes(f"To: 33612345678\nReport: yes\nAlphabet: {alphabet}\n\n".encode() + text)
    fresh.rename(spool / "outgoing" / name)


@contextmanager
def smsd(make: str, modem: VirtualModem, spool: Path, folders: dict[str, Path]) -> Iterator[None]:
    """smsd of smstools3 with a configuration of its own, in a process group of its own."""
    reports = "secondary_memory = SR\nsecondary_memory_max = 20\n" if make == "ec25" else ""
    config = spool / "smsd.conf"
    config.write_text(
        "devices = GSM1\n"
        + "".join(f"{name} = {folder}\n" for name, folder in folders.items())
        + f"logfile = {spool}/log\nloglevel = 7\ndelaytime = 1\nerrorsleeptime = 1\nterminal = yes\n"
        "autosplit = 3\nincoming_utf8 = yes\ndecode_unicode_text = yes\ninternal_combine = yes\n"
        f"[GSM1]\ndevice = {modem.link}\nbaudrate = 115200\nrtscts = no\nincoming = yes\nreport = yes\n"
        "init = AT+CNMI=2,1,0,2,0\nmemory_start = 0\ncheck_memory_method = 2\nprimary_memory = ME\n" + reports
    )
    with (spool / "output").open("wb") as output:
        process = subprocess.Popen(
            ["smsd", f"-c{config}", f"-i{spool}/working", f"-p{spool}/pid"],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    except AssertionError as error:
        error.add_note((spool / "log").read_text()[-6000:])
        raise
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait(condition: Callable[[], bool], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
