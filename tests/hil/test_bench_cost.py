from __future__ import annotations

import os
import subprocess
import sys
import time

from hil.bench.uplinks.cost import cpu_s

BURN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


def test_what_a_process_and_its_ended_children_used_is_what_the_kernel_says() -> None:
    before = cpu_s(os.getpid())
    subprocess.run([sys.executable, "-c", BURN], check=True)
    used = cpu_s(os.getpid()) - before
    assert used >= 0.3
    times = os.times()
    # Other children of the test run may live, and are counted by one and not the other.
    assert cpu_s(os.getpid()) >= times.user + times.system + times.children_user + times.children_system - 0.1


def test_what_a_living_child_uses_counts_too() -> None:
    before = cpu_s(os.getpid())
    with subprocess.Popen([sys.executable, "-c", f"{BURN}input()"], stdin=subprocess.PIPE) as child:
        deadline = time.monotonic() + 20
        while cpu_s(child.pid) < 0.3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cpu_s(os.getpid()) - before >= 0.3
        child.communicate(b"\n")
