"""The past of the links for people: graphs of delay and loss, and why the active link changed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.output import print_json, print_table
from edge.cli.sparkline import Column, columns, delay_line, loss_line, one_line
from edge.cli.words import _, figure
from edge.shared.messages.uplinks import (
    LIST,
    SAMPLES,
    SAMPLES_MAX,
    UPLINKS,
    EvidenceSecond,
    LinkEvidence,
    Resolution,
    Sample,
    SamplesParams,
)
from edge.shared.paths import Paths
from edge.shared.varlink import CALL_TIMEOUT, CallFailed, Unreachable, call_once
from edge.shared.varlink_idl import NoParams

HOURS_MAX = 31 * 24
WIDTH = 72  # characters of a graph
LATELY = timedelta(minutes=10)
LATELY_WIDTH = 20
LATELY_TIMEOUT = 2.0


def add_graph(verbs: Subjects) -> None:
    """Add `repli uplinks graph`."""
    parser = verbs.add_parser("graph", help=_("délai et pertes dans le temps"))
    parser.add_argument("link", nargs="?", metavar=_("ACCÈS"), help=_("un seul accès (tous)"))
    parser.add_argument(
        "--hours", type=count_up_to(HOURS_MAX), default=1, metavar=_("NOMBRE"), help=_("depuis combien d'heures (1)")
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=graph)


async def graph(arguments: argparse.Namespace, paths: Paths) -> int:
    """Delay and loss of one link or all; exit code 1 when nothing was measured."""
    until = datetime.now(UTC)
    since = until - timedelta(hours=arguments.hours)
    resolution = Resolution.SECOND if arguments.hours == 1 else Resolution.MINUTE
    measured = {name: await samples(paths, name, since, resolution) for name in await _names(arguments.link, paths)}
    code = 0 if any(measured.values()) else 1
    if arguments.json:
        links = [
            {"link": name, "resolution": resolution, "samples": [sample.model_dump() for sample in taken]}
            for name, taken in measured.items()
        ]
        print_json({"links": links})
        return code
    for name, taken in measured.items():
        _print_graph(name, taken, since, until)
    print(_("X : plus aucune réponse ; blanc : pas de sondage. Le pire de chaque colonne est montré."))
    return code


async def samples(
    paths: Paths, link: str, since: datetime, resolution: Resolution, *, timeout: float = CALL_TIMEOUT
) -> list[Sample]:
    """Every sample of a link from a moment on."""
    found: list[Sample] = []
    step = timedelta(seconds=1)
    while True:
        params = SamplesParams(link=link, since=since, resolution=resolution, limit=SAMPLES_MAX)
        page = (await call_once(UPLINKS, paths.socket("uplinks"), SAMPLES, params, timeout=timeout)).samples
        found += page
        if len(page) < SAMPLES_MAX:
            return found
        since = datetime.fromisoformat(page[-1].at) + step


async def lately(paths: Paths, link: str) -> str | None:
    """The last minutes of a link in a few characters; None when its past cannot be had now, e.g. for a disk that hangs."""
    until = datetime.now(UTC)
    try:
        taken = await samples(paths, link, until - LATELY, Resolution.SECOND, timeout=LATELY_TIMEOUT)
    except (CallFailed, Unreachable):
        return None
    # Brackets: an empty column at either end would look like no column.
    return f"[{one_line(columns(taken, until - LATELY, until, LATELY_WIDTH))}]"


def print_evidence(links: Sequence[LinkEvidence], states: dict[str, str]) -> None:
    """What was known of each link when the active link changed; states are words."""
    headings = (_("ACCÈS"), _("ÉTAT"), _("DERNIÈRE RÉPONSE"), _("PERTES"), _("DÉLAI"), _("10 S AVANT"))
    print_table(headings, [_evidence_row(link, states[link.state]) for link in links])


def _evidence_row(link: LinkEvidence, state: str) -> tuple[object, ...]:
    lost = _("{lost} sur {sent}").format(lost=link.lost, sent=link.sent)
    ago = None if link.last_answer_ms is None else _("{ms} ms avant").format(ms=f"{link.last_answer_ms:.0f}")
    delay = None if link.rtt_ms is None else f"{figure(link.rtt_ms)} ms"
    return link.link, state, ago, lost if link.sent else None, delay, f"[{one_line(_seconds(link.seconds))}]"


def _seconds(seconds: Sequence[EvidenceSecond]) -> list[Column]:
    by_age = {second.before_s: second for second in seconds}
    taken = [by_age.get(age) for age in range(10, -1, -1)]
    return [Column(s.sent, s.lost / s.sent if s.sent else 0.0, s.rtt_ms) if s else Column() for s in taken]


async def _names(link: str | None, paths: Paths) -> list[str]:
    if link is not None:
        return [link]
    state = await call_once(UPLINKS, paths.socket("uplinks"), LIST, NoParams())
    return [uplink.name for uplink in state.uplinks]


def _print_graph(name: str, taken: Sequence[Sample], since: datetime, until: datetime) -> None:
    head = _("{link}, du {since} au {until} (UTC)")
    print(head.format(link=name, since=f"{since:%d/%m %H:%M}", until=f"{until:%d/%m %H:%M}"))
    if not taken:
        print("  " + _("rien n'a été mesuré"))
        return
    shown = columns(taken, since, until, WIDTH)
    delays = [sample.rtt_ms for sample in taken if sample.rtt_ms is not None]
    sent, lost = sum(sample.sent for sample in taken), sum(sample.lost for sample in taken)
    delay_words = loss_words = ""
    if delays:
        text = _("{low} à {high} ms, médiane {median} ms")
        delay_words = text.format(low=figure(min(delays)), high=figure(max(delays)), median=figure(median(delays)))
    text = _("{lost} sondages perdus sur {sent}, au pire {worst} %")
    loss_words = text.format(lost=lost, sent=sent, worst=f"{100 * max(column.loss for column in shown):.0f}")
    width = max(len(_("délai")), len(_("pertes")))
    print(f"  {_('délai'):<{width}}  [{delay_line(shown)}]  {delay_words}".rstrip())
    print(f"  {_('pertes'):<{width}}  [{loss_line(shown)}]  {loss_words}")
