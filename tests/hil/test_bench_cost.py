from __future__ import annotations

import subprocess
import sys

import pytest

from hil.bench.uplinks.cost import Cost, cpu_s, missed

BURN = "import time\\nend = time.process_time() + 0.3\\nwhile time.process_time() < end: pass\\n"
BY_ITSELF = f'exec("{BURN}")'
BY_A_CHILD = f"""import subprocess, sys; subprocess.run([sys.executable, "-c", '{BURN}'], check=True)"""
BY_A_LIVING_CHILD = (
    "import subprocess, sys\n"
    f"child = subprocess.Popen([sys.executable, '-c', '{BURN}print(1, flush=True); input()'], stdout=subprocess.PIPE)\n"
    "child.stdout.readline()"
)


@pytest.mark.parametrize("used", [BY_ITSELF, BY_A_CHILD, BY_A_LIVING_CHILD])
def test_what_a_process_and_its_children_used_counts_whether_they_live_or_not(used: str) -> None:
    script = f"{used}\nprint('done', flush=True)\ninput()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        # The burn, and one or two interpreters that started; the kernel counts in hundredths.
        assert 0.28 <= cpu_s(process.pid) < 5
        process.communicate(b"\n\n")


@pytest.mark.parametrize(
    ("cpu_percent", "pss_mb", "expected"),
    [(3.0, 45.0, []), (3.01, 45.0, ["CPU"]), (3.0, 45.1, ["PSS"]), (4.0, 50.0, ["CPU", "PSS"])],
)
def test_what_issue_3_demands_is_missed_one_by_one(cpu_percent: float, pss_mb: float, expected: list[str]) -> None:
    assert missed(Cost("Repli", cpu_percent, 60.0, pss_mb, private_mb=99.0, processes=9)) == expected
