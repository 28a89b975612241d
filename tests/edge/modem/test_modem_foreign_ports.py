"""Ports that others have, and ports that are no modem's command port: found and named, and used once they are right."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edge.shared.messages.modem import ModemState
from hil.rig.virtual.modem.bench import ModemBench

GGA = b"$GPGGA,092751.000,5321.6802,N,00630.3371,W,1,8,1.03,61.7,M,55.3,M,,*75\r\n"


@contextmanager
def talker(says: Callable[[], bytes]) -> Iterator[str]:
    """A port that says the same again and again, whatever it is told."""
    master, slave = os.openpty()
    tty.setraw(slave)
    device = os.ttyname(slave)
    os.close(slave)  # nobody else has it open
    stop = threading.Event()

    def talk() -> None:
        while not stop.wait(0.1):
            with suppress(OSError):
                os.write(master, says())

    os.set_blocking(master, False)
    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield device
    finally:
        stop.set()
        thread.join()
        os.close(master)


@contextmanager
def opener(path: Path, *, lock: bool) -> Iterator[int]:
    """Another program that has the port open, and locks it or not."""
    code = (
        "import fcntl, os, sys, time; f = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY);"
        " sys.argv[2] == '1' and fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path), str(int(lock))], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("says", "issue", "words"),
    [
        (lambda: GGA, "modem.gps_port", "récepteur GPS"),
        (lambda: b"repli login: \r\nPassword: \r\n", "modem.nonsense", "n'est pas un modem"),
        (lambda: b"\xfe\x91\x00\x13\r\n\x8f\x8f\x02\r\n", "modem.nonsense", "n'est pas un modem"),
    ],
    ids=["a position receiver", "a login", "line noise"],
)
def test_what_answers_instead_of_a_modem_is_named(
    bench: ModemBench, says: Callable[[], bytes], issue: str, words: str
) -> None:
    with talker(says) as device:
        bench.write_site([device])
        bench.start()
        bench.wait(lambda: [found.id for found in bench.issues()] == [issue])
        assert words in bench.root.repli("status").stdout
    assert bench.listed()[0].state in (ModemState.FAILED, ModemState.ABSENT)


def test_a_program_that_locks_the_port_is_named_and_waited_for(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    with opener(modem.link, lock=True) as pid:
        bench.start()
        bench.wait(lambda: [found.id for found in bench.issues()] == ["modem.device_busy"])
        (issue,) = bench.issues()
        assert f"(pid {pid})" in issue.data["holder"]
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    bench.wait(lambda: bench.issues() == [])


def test_a_program_that_opens_the_port_beside_us_is_named(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    with opener(modem.link, lock=False) as pid:
        bench.wait(lambda: [found.id for found in bench.issues()] == ["modem.other_opener"])
        (issue,) = bench.issues()
        assert f"(pid {pid})" in issue.data["programs"]
    bench.wait(lambda: bench.issues() == [])


def test_modem_manager_is_named(bench: ModemBench, tmp_path: Path) -> None:
    grabber = tmp_path / "ModemManager"
    grabber.symlink_to("/bin/sleep")
    bench.add_modem()
    bench.write_site()
    with subprocess.Popen([str(grabber), "30"]) as process:
        comm = Path(f"/proc/{process.pid}/comm")
        deadline = time.monotonic() + 30
        while comm.read_text() != "ModemManager\n" and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            bench.start()
            bench.wait(lambda: [found.id for found in bench.issues()] == ["modem.port_grabber"])
            assert f"ModemManager (pid {process.pid})" in bench.issues()[0].data["programs"]
        finally:
            process.kill()
    bench.wait(lambda: bench.issues() == [])
