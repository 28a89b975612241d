"""How Repli, gammu-smsd and smstools3 use, and survive, the same virtual modem, in the same run.

The modem's network measures: what it accepted and when stands in its own log. Nothing is taken from a sender but, for
Repli, which messages it marked as perhaps sent twice. Pacing is off, reports and durability are on. Exit 0 when Repli
keeps what issue 5 demands (points 1 to 5), 1 when it misses some, 2 when something was not measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

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
    if arguments.json:
        text = json.dumps(document(measured, arguments.seed, failed), indent=2)
        arguments.json.write_text(f"{text}\n", encoding="utf-8")
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
    parser = argparse.ArgumentParser(prog="bench-sms", description=__doc__)
    parser.add_argument("--only", type=_among(PARTS), default=list(PARTS), help=f"of: {','.join(PARTS)} (all)")
    parser.add_argument("--peers", type=_among(tuple(NAMES)), default=list(NAMES), help=f"of: {','.join(NAMES)} (all)")
    parser.add_argument("--repeats", type=_positive, default=1, help="of the use of modem time")
    parser.add_argument("--faults", type=_positive, default=50, help="of each kind, in one life of the outbox")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="decides the instants")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every trial there")
    return parser.parse_args()


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("1 at least")
    return number


def _among(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}: there are {', '.join(known)}")
        return names

    return chosen


if __name__ == "__main__":
    sys.exit(main())
