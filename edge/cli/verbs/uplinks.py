"""repli uplinks: the links to the internet and every change between them."""

from __future__ import annotations

import argparse
import asyncio
import uuid

from edge.cli import uplinks_firewall
from edge.cli.arguments import count_up_to, duration_up_to, line_up_to, technician
from edge.cli.link_budget import add_budget
from edge.cli.link_past import add_graph, lately, print_evidence
from edge.cli.link_probe import add_probe
from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _, figure
from edge.shared.messages.common import REASON_MAX, REQUEST_ID_MAX
from edge.shared.messages.uplinks import (
    HISTORY,
    LIST,
    OVERRIDE,
    RELEASE,
    UPLINKS,
    HistoryParams,
    Override,
    OverrideParams,
    OverridesResult,
    ReleaseParams,
    Switch,
    SwitchCause,
    Uplink,
    UplinkState,
    Wish,
)
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams

LIMIT_MAX = 10_000  # as the daemon takes it
SEQ_MAX = 999_999_999


def register(subjects: Subjects) -> None:
    """Add `repli uplinks` and its verbs."""
    verbs = subjects.add_parser("uplinks", help=_("les accès Internet et leurs bascules")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    listing = verbs.add_parser("list", help=_("les accès Internet tels qu'ils sont"))
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(verb=list_links)
    past = verbs.add_parser("history", help=_("les bascules, la plus récente en dernier"))
    past.add_argument(
        "--limit", type=count_up_to(LIMIT_MAX), default=100, metavar=_("NOMBRE"), help=_("combien au plus (100)")
    )
    past.add_argument(
        "--seq", type=count_up_to(SEQ_MAX), metavar=_("N°"), help=_("une seule bascule, avec ce qui l'a décidée")
    )
    past.add_argument("--json", action="store_true")
    past.set_defaults(verb=history)
    for name, wish, says in (
        ("force", Wish.FORCE, _("faire passer tout par un accès, tant qu'il répond")),
        ("forbid", Wish.FORBID, _("ne plus basculer vers un accès")),
    ):
        wanting = verbs.add_parser(name, help=says)
        wanting.add_argument("link", metavar=_("ACCÈS"))
        wanting.add_argument(
            "--reason",
            type=line_up_to(REASON_MAX),
            required=True,
            metavar=_("MOTIF"),
            help=_("pourquoi ; affiché partout"),
        )
        wanting.add_argument(
            "--for",
            dest="seconds",
            type=duration_up_to(31),
            default=86_400,
            metavar=_("DURÉE"),
            help=_("30m, 2h, 3j... (24h)"),
        )
        wanting.add_argument(
            "--request-id",
            type=line_up_to(REQUEST_ID_MAX),
            metavar="ID",
            help=_("deux fois le même : une seule demande"),
        )
        wanting.add_argument("--json", action="store_true")
        wanting.set_defaults(verb=override, wish=wish)
    uplinks_firewall.add(verbs)
    releasing = verbs.add_parser("release", help=_("ne plus forcer ni interdire un accès, ou aucun"))
    releasing.add_argument("link", nargs="?", metavar=_("ACCÈS"))
    releasing.add_argument("--json", action="store_true")
    releasing.set_defaults(verb=release)
    add_graph(verbs)
    add_probe(verbs)
    add_budget(verbs)


async def list_links(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 a link carries or none is set, 1 none carries."""
    state = await call_once(UPLINKS, paths.socket("uplinks"), LIST, NoParams())
    code = 1 if state.uplinks and state.active is None else 0
    if arguments.json:
        print_json(state)
        return code
    for entry in state.overrides:
        print(override_sentence(entry))
    if not state.uplinks:
        print(_("Aucun accès Internet dans les réglages."))
        return code
    headings = (
        _("ACCÈS"),
        _("INTERFACE"),
        _("ÉTAT"),
        _("ADRESSE"),
        _("PERTES"),
        _("DÉLAI"),
        _("MOS"),
        _("DEPUIS (UTC)"),
    )
    past = await asyncio.gather(*(lately(paths, uplink.name) for uplink in state.uplinks))
    rows = [(*_row(uplink), drawn) for uplink, drawn in zip(state.uplinks, past, strict=True)]
    print_table((*headings, _("10 DERNIÈRES MINUTES")), rows)
    for uplink in state.uplinks:
        if uplink.metered and uplink.probe_mb_month is not None and uplink.probe_standby_ms is not None:
            print(_probe_sentence(uplink, uplink.probe_mb_month, uplink.probe_standby_ms))
    return code


async def history(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every change of the active link, with cause and times; exit code 1 when the one asked for is not kept."""
    params = HistoryParams(limit=arguments.limit, seq=arguments.seq)
    result = await call_once(UPLINKS, paths.socket("uplinks"), HISTORY, params)
    code = 1 if arguments.seq is not None and not result.switches else 0
    if arguments.json:
        print_json(result)
        return code
    if not result.switches:
        missing = (
            _("Aucune bascule.") if arguments.seq is None else _("La bascule n° {seq} n'est pas dans l'historique.")
        )
        print(missing.format(seq=arguments.seq))
        return code
    headings = (_("N°"), _("QUAND (UTC)"), _("DE"), _("VERS"), _("CAUSE"), _("EN"))
    print_table(headings, [_switch_row(switch) for switch in result.switches])
    if arguments.seq is not None:
        _print_evidence(result.switches[0])
    return code


def _print_evidence(switch: Switch) -> None:
    print()
    if switch.evidence is None:
        print(_("Aucun relevé n'a été gardé pour cette bascule."))
        return
    print_evidence(switch.evidence.links, {state: _(words) for state, words in _STATES.items()})


async def override(arguments: argparse.Namespace, paths: Paths) -> int:
    """Force or forbid a link."""
    params = OverrideParams(
        link=arguments.link,
        wish=arguments.wish,
        reason=arguments.reason,
        expires_in_s=arguments.seconds,
        request_id=arguments.request_id or str(uuid.uuid4()),
        actor=technician(),
    )
    result = await call_once(UPLINKS, paths.socket("uplinks"), OVERRIDE, params)
    return _print_overrides(result.overrides, arguments)


async def release(arguments: argparse.Namespace, paths: Paths) -> int:
    """End one wish, or all."""
    params = ReleaseParams(link=arguments.link, actor=technician())
    result = await call_once(UPLINKS, paths.socket("uplinks"), RELEASE, params)
    return _print_overrides(result.overrides, arguments)


def override_sentence(entry: Override) -> str:
    """One wish in words: shown wherever the state of the links is."""
    texts = {
        Wish.FORCE: _("Accès « {link} » forcé par {author} jusqu'au {until} (UTC) : {reason}"),
        Wish.FORBID: _("Accès « {link} » interdit par {author} jusqu'au {until} (UTC) : {reason}"),
    }
    text = texts[entry.wish]
    return text.format(link=entry.link, author=entry.author, until=moment(entry.expires_at), reason=entry.reason)


def _print_overrides(entries: list[Override], arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json(OverridesResult(overrides=entries))
        return 0
    for entry in entries:
        print(override_sentence(entry))
    if not entries:
        print(_("Aucun accès n'est forcé ni interdit."))
    return 0


def _row(uplink: Uplink) -> tuple[object, ...]:
    state = _STATES[uplink.state]
    return (
        uplink.name,
        uplink.interface,
        _("actif, {state}").format(state=_(state)) if uplink.active else _(state),
        uplink.address,
        None if uplink.loss_percent is None else f"{uplink.loss_percent:g} %",
        None if uplink.rtt_ms is None else f"{uplink.rtt_ms:.0f} ms",
        None if uplink.mos is None else figure(uplink.mos, 1),
        moment(uplink.since),
    )


def _probe_sentence(uplink: Uplink, mb_month: float, standby_ms: int) -> str:
    text = _(
        "Accès « {link} », payé au volume : en attente, vérifié toutes les {seconds} s, soit {month} Mo par mois ; "
        "{so_far} Mo depuis le début du mois."
    )
    so_far = figure(uplink.probe_bytes_month / 1e6)
    return text.format(link=uplink.name, seconds=figure(standby_ms / 1000, 0), month=figure(mb_month), so_far=so_far)


def _switch_row(switch: Switch) -> tuple[object, ...]:
    took_ms = (switch.switched_monotonic_ns - switch.detected_monotonic_ns) / 1e6
    return (
        switch.seq,
        moment(switch.switched_at),
        switch.from_link,
        switch.to_link or _("aucun"),
        _(_CAUSES[switch.cause]),
        f"{took_ms:.0f} ms",
    )


_STATES: dict[UplinkState, str] = {
    UplinkState.ABSENT: "interface absente",
    UplinkState.NO_CARRIER: "câble débranché",
    UplinkState.NO_ADDRESS: "sans adresse",
    UplinkState.UNPROVED: "pas encore vérifié",
    UplinkState.UP: "bon",
    UplinkState.POOR: "médiocre",
    UplinkState.SUSPECT: "douteux",
    UplinkState.DOWN: "coupé",
}
_CAUSES: dict[SwitchCause, str] = {
    SwitchCause.START: "démarrage",
    SwitchCause.PROBES_LOST: "plus de réponse",
    SwitchCause.CARRIER_LOST: "câble débranché",
    SwitchCause.INTERFACE_GONE: "interface disparue",
    SwitchCause.ADDRESS_LOST: "adresse perdue",
    SwitchCause.RECOVERED: "réponse revenue",
    SwitchCause.FAILBACK: "retour à la normale",
    SwitchCause.QUALITY: "qualité insuffisante",
    SwitchCause.FORCED: "accès forcé",
    SwitchCause.FORBIDDEN: "accès interdit",
    SwitchCause.SETTINGS: "réglages changés",
}
