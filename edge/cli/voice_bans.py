"""repli voice bans: the addresses that are blocked or limited, and letting one in again."""

from __future__ import annotations

import argparse

from edge.cli.arguments import technician, text_like
from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_guard import ADDRESS, BANS, UNBAN, Ban, BanKind, UnbanParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def add_bans(verbs: Subjects) -> None:
    """Add the verb."""
    bans = verbs.add_parser("bans", help=_("les adresses bloquées ou limitées"))
    bans.add_argument(
        "--remove",
        type=text_like(ADDRESS, _("une adresse, par exemple 203.0.113.7")),
        metavar=_("ADRESSE"),
        help=_("ne plus bloquer ni limiter cette adresse"),
    )
    bans.add_argument("--json", action="store_true")
    bans.set_defaults(verb=show_bans)


async def show_bans(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 done, 1 the address to let in again was not kept out."""
    if arguments.remove is not None:
        return await _let_in(arguments, paths)
    result = await call_once(VOICE, paths.socket("voice"), BANS, NoParams())
    if arguments.json:
        print_json(result)
    elif not result.bans:
        print(_("Aucune adresse bloquée ni limitée."))
    else:
        headings = (_("ADRESSE"), _("MESURE"), _("CAUSE"), _("POSTE"), _("JUSQU'À (UTC)"))
        print_table(headings, [_row(ban) for ban in result.bans])
    return 0


async def _let_in(arguments: argparse.Namespace, paths: Paths) -> int:
    params = UnbanParams(address=arguments.remove, actor=technician())
    freed = await call_once(VOICE, paths.socket("voice"), UNBAN, params)
    if arguments.json:
        print_json(freed)
    elif freed.removed:
        print(_("{address} n'est plus bloquée ni limitée.").format(address=arguments.remove))
    else:
        print(_("{address} n'était ni bloquée ni limitée.").format(address=arguments.remove))
    return 0 if freed.removed else 1


def _row(ban: Ban) -> tuple[object, ...]:
    reason = _(BAN_REASONS.get(ban.reason, ban.reason))
    return (ban.address, _(_MEASURES[ban.kind]), reason, ban.extension or None, moment(ban.until))


_MEASURES: dict[BanKind, str] = {BanKind.BLOCKED: "bloquée", BanKind.LIMITED: "limitée"}
BAN_REASONS: dict[str, str] = {
    "flood": "trop de demandes",
    "guessing": "mots de passe faux",
    "scan": "recherche de postes",
}
