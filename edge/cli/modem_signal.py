"""repli modem signal: what each modem receives, in words and figures, its past, and following it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from edge.cli.arguments import count_up_to
from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_json_line, print_table
from edge.cli.sparkline import ALL_LOST, level_line
from edge.cli.words import _, figure
from edge.shared.messages.modem import MODEM
from edge.shared.messages.modem_radio import (
    SIGNAL,
    SIGNAL_HOURS_MAX,
    WATCH_SIGNAL,
    Quality,
    RadioEvent,
    Registration,
    Signal,
    SignalParams,
    SignalSample,
    Technology,
    VoiceWay,
)
from edge.shared.paths import Paths
from edge.shared.varlink import Client, call_once
from edge.shared.varlink_idl import NoParams

HOURS = 3
WIDTH = 72  # characters of a graph
LOWEST, HIGHEST = -125.0, -75.0  # dBm at the ends of the scale: always the same, so that two graphs can be compared


def add_signal(verbs: Subjects) -> None:
    """Add the verb."""
    parser = verbs.add_parser("signal", help=_("la réception mobile de chaque modem, et son passé"))
    parser.add_argument(
        "--hours",
        type=count_up_to(SIGNAL_HOURS_MAX),
        default=HOURS,
        metavar=_("NOMBRE"),
        help=_("depuis combien d'heures (3)"),
    )
    parser.add_argument("--follow", action="store_true", help=_("rester, et montrer ce qui change"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=show_signal)


async def show_signal(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 a network has one of the modems at least, 1 none has, or no modem is at work."""
    socket = paths.socket("modem")
    if arguments.follow:
        async with Client(MODEM, socket) as client:
            await _follow(client, as_json=arguments.json)
        return 0
    result = await call_once(MODEM, socket, SIGNAL, SignalParams(hours=arguments.hours))
    if arguments.json:
        print_json(result)
    elif not result.signals and not result.samples:
        print(_("Aucun modem en service."))
    else:
        if result.signals:
            print_table(_headings(), [_row(signal) for signal in result.signals])
        _print_past(result.samples, arguments.hours)
        for event in result.events:
            print(event_sentence(event))
    registered = (Registration.HOME, Registration.ROAMING)
    return 0 if any(signal.registration in registered for signal in result.signals) else 1


async def _follow(client: Client, *, as_json: bool) -> None:
    """Each look that shows something new, and each event; with --json one object a line."""
    shown: dict[str, Signal] = {}
    async for news in client.watch(WATCH_SIGNAL, NoParams()):
        fresh = [signal for signal in news.signals if _unlike(shown.get(signal.modem), signal)]
        shown = {signal.modem: signal for signal in news.signals}
        if as_json:
            if fresh or news.events:
                print_json_line(news)
            continue
        if fresh:
            print_table(_headings(), [_row(signal) for signal in fresh])
        for event in news.events:
            print(event_sentence(event), flush=True)


def _unlike(before: Signal | None, now: Signal) -> bool:
    return before is None or before.model_copy(update={"at": now.at}) != now


def _headings() -> tuple[str, ...]:
    return (
        _("MODEM"),
        _("HEURE (UTC)"),
        _("RÉCEPTION"),
        _("NIVEAU"),
        "RSRQ",
        "SINR",
        _("RÉSEAU"),
        _("OPÉRATEUR"),
        _("CELLULE"),
        _("APPELS"),
    )


def _row(signal: Signal) -> tuple[object, ...]:
    level = signal.rsrp_dbm if signal.rsrp_dbm is not None else signal.rssi_dbm
    network = _(_REGISTRATIONS[signal.registration])
    if signal.technology not in (None, Technology.NONE):
        network = f"{_(_TECHNOLOGIES[signal.technology])}, {network}" if signal.technology else network
    cell = None if signal.cell is None else " ".join(part for part in (str(signal.cell), signal.band) if part)
    return (
        signal.modem,
        moment(signal.at)[11:],
        _(_QUALITIES[signal.quality]),
        None if level is None else f"{figure(level, 0)} dBm",
        None if signal.rsrq_db is None else f"{figure(signal.rsrq_db)} dB",
        None if signal.sinr_db is None else f"{figure(signal.sinr_db)} dB",
        network,
        signal.operator or signal.plmn,
        cell,
        _(_VOICE_WAYS[signal.voice]),
    )


def _print_past(samples: Sequence[SignalSample], hours: int) -> None:
    until = datetime.now(UTC)
    since = until - timedelta(hours=hours)
    for name in dict.fromkeys(sample.modem for sample in samples):
        own = [sample for sample in samples if sample.modem == name]
        lows = [sample.low_dbm for sample in own if sample.low_dbm is not None]
        highs = [sample.high_dbm for sample in own if sample.high_dbm is not None]
        text = _("{modem}, {hours} h : {line} {low} à {high} dBm")
        span = (figure(min(lows), 0), figure(max(highs), 0)) if lows else ("-", "-")
        line = f"[{_graph(own, since, until)}]"
        print(text.format(modem=name, hours=hours, line=line, low=span[0], high=span[1]))
    if samples:
        print(_("X : aucun réseau ; blanc : pas de relevé. Le plus bas de chaque colonne est montré."))


def _graph(samples: Sequence[SignalSample], since: datetime, until: datetime) -> str:
    """The worst of each column, so that a short loss is seen in a long span."""
    span = (until - since) / WIDTH
    levels: list[float | None] = [None] * WIDTH
    lost: set[int] = set()
    for sample in samples:
        begin = datetime.fromisoformat(sample.at)
        first = max(0, (begin - since) // span)
        last = min(WIDTH - 1, (begin + timedelta(seconds=sample.step_s) - since) // span)
        for place in range(first, last + 1):
            known = [level for level in (levels[place], sample.low_dbm) if level is not None]
            levels[place] = min(known, default=None)
            if sample.unregistered == sample.looks:
                lost.add(place)
    drawn = level_line(levels, LOWEST, HIGHEST)
    return "".join(ALL_LOST if place in lost else letter for place, letter in enumerate(drawn))


def event_sentence(event: RadioEvent) -> str:
    """What happened, with its time; an event of another version still says its kind."""
    template = _RADIO_EVENTS.get(event.kind)
    data = {name: _spoken(value) for name, value in event.data.items()}
    try:
        what = _(template).format(**data) if template else event.kind
    except KeyError:
        what = event.kind
    return f"{moment(event.at)}  {event.modem}  {what}"


def _spoken(value: str) -> str:
    for table in (_TECHNOLOGIES, _REGISTRATIONS, _VOICE_WAYS):
        if value in table:
            return _(table[value])
    return value


_QUALITIES: dict[str, str] = {
    Quality.EXCELLENT: "excellente",
    Quality.GOOD: "bonne",
    Quality.FAIR: "moyenne",
    Quality.WEAK: "faible",
    Quality.POOR: "très faible",
    Quality.NONE: "aucune",
    Quality.UNKNOWN: "inconnue",
}
_REGISTRATIONS: dict[str, str] = {
    Registration.HOME: "enregistré",
    Registration.ROAMING: "en itinérance",
    Registration.SEARCHING: "cherche un réseau",
    Registration.DENIED: "refusé par le réseau",
    Registration.NONE: "ne cherche aucun réseau",
    Registration.EMERGENCY: "appels d'urgence seulement",
    Registration.UNKNOWN: "inconnu",
}
_TECHNOLOGIES: dict[str, str] = {
    Technology.GSM: "2G",
    Technology.UMTS: "3G",
    Technology.LTE: "4G",
    Technology.NR: "5G",
}
_VOICE_WAYS: dict[str, str] = {
    VoiceWay.VOLTE: "VoLTE",
    VoiceWay.LEGACY: "2G/3G seulement",
    VoiceWay.NONE: "impossibles",
    VoiceWay.UNKNOWN: "inconnu",
}
_RADIO_EVENTS: dict[str, str] = {
    "network_lost": "réseau de {operator} perdu : {now}",
    "network_back": "réseau retrouvé : {operator}",
    "roams": "en itinérance chez {operator}",
    "home": "de retour chez {operator}",
    "technology": "passe de {was} à {now}",
    "operator": "passe de {was} à {now}",
    "level_dropped": "niveau tombé de {was} à {now} dBm",
    "level_rose": "niveau remonté de {was} à {now} dBm",
    "voice_lost": "appels en 4G perdus (VoLTE) : {now}",
    "voice_back": "appels en 4G retrouvés (VoLTE)",
}
