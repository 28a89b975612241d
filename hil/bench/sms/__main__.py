"""How Repli, gammu-smsd and smstools3 use, and survive, the same virtual modem, in the same run.

The modem's network measures: what it accepted and when stands in its own log. Nothing is taken from a sender but, for
Repli, which messages it marked as perhaps sent twice. Pacing is off, reports and durability are on. Exit 0 when Repli
keeps what issue 5 demands (points 1 to 5), 1 when it misses some, 2 when something was not measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from hil.bench import options
from hil.bench.sms.figures import PARTS, REPLI, missed, unmeasured
from hil.bench.sms.report import document, shown, table
from hil.bench.sms.senders import GAMMU, SMSTOOLS
from hil.bench.sms.trials import NAMES, Figures, Trial, trials_of

PROGRAMS = {"gammu": GAMMU, "smstools": SMSTOOLS}
TOGETHER = 8  # trials in which things are counted, and that mostly wait, run so many at a time; timed ones run alone

Measured = dict[str, dict[str, list[float]]]


def main() -> int:
    """Measure, print, judge."""
    arguments = _arguments()
    keys = [key for key in arguments.peers if _installed(key)]
    print(f"seed {arguments.seed}, {arguments.faults} faults of a kind, {', '.join(NAMES[key] for key in keys)}")
    wanted = trials_of(keys, faults=arguments.faults, repeats=arguments.repeats, seed=arguments.seed)
    trials = [trial for trial in wanted if trial.part in arguments.only]
    measured, failed = measure(trials, keys)
    print(f"\n{table(measured)}\n")
    options.write_json(arguments.json, document(measured, arguments.seed, failed))
    for demand in missed(measured):
        print(f"MISSED  {demand}")
    absent = unmeasured(measured, arguments.only) if "repli" in keys else [REPLI]
    for demand in absent:
        print(f"NOT MEASURED  {demand}")
    if missed(measured):
        return 1
    return 2 if failed or absent else 0


def measure(trials: Iterable[Trial], keys: Iterable[str]) -> tuple[Measured, list[str]]:
    """All trials, and those that did not come about: the timed ones one after another, then the others side by side."""
    measured: Measured = {NAMES[key]: {} for key in keys}
    failed: list[str] = []
    began = time.monotonic()

    def take(trial: Trial, done: Future[Figures]) -> None:
        title = f"{trial.sender}: {trial.says}"
        error = done.exception()
        if error is not None:
            failed.append(title)
            said = f"not measured: {type(error).__name__}: {error}"
        else:
            for key, values in done.result().items():
                measured[trial.sender].setdefault(key, []).extend(values)
            said = ", ".join(
                f"{key.rpartition('/')[2]} {' '.join(map(shown, values))}" for key, values in done.result().items()
            )
        print(f"[{time.monotonic() - began:5.0f} s] {title}: {said}", flush=True)

    trials = list(trials)
    for timed, workers in ((True, 1), (False, TOGETHER)):
        with ThreadPoolExecutor(workers) as pool:
            started = {pool.submit(trial.run): trial for trial in trials if trial.timed is timed}
            for done in as_completed(started):
                take(started[done], done)
    return measured, failed


def _installed(key: str) -> bool:
    if key not in PROGRAMS or Path(PROGRAMS[key]).exists():
        return True
    print(f"{NAMES[key]} is not installed: measured without it")
    return False


def _arguments() -> argparse.Namespace:
    parser = options.parser("bench-sms", __doc__, NAMES)
    options.some_of(parser, "--only", PARTS)
    parser.add_argument("--repeats", type=options.positive, default=1, help="of the use of modem time")
    parser.add_argument("--faults", type=options.positive, default=50, help="of each kind, in one life of the outbox")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
