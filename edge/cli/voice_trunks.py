"""repli voice trunks: the ways out, whether they are well, and what they last refused."""

from __future__ import annotations

import argparse

from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.words import _
from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_trunks import TRUNKS, RegistrationState, TrunkHealth, TrunkRefusal, TrunkState
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import NoParams


def add_trunks(verbs: Subjects) -> None:
    """Add the verb."""
    trunks = verbs.add_parser("trunks", help=_("les lignes extérieures : état, inscription, communications, refus"))
    trunks.add_argument("--json", action="store_true")
    trunks.set_defaults(verb=list_trunks)


async def list_trunks(arguments: argparse.Namespace, paths: Paths) -> int:
    """Every way out."""
    result = await call_once(VOICE, paths.socket("voice"), TRUNKS, NoParams())
    if arguments.json:
        print_json(result)
        return 0
    if not result.trunks:
        print(_("Aucune ligne extérieure."))
        return 0
    headings = (
        _("LIGNE"),
        _("SORTE"),
        _("ADRESSE"),
        _("ÉTAT"),
        _("INSCRIPTION"),
        _("COMMUNICATIONS"),
        _("DERNIER REFUS (UTC)"),
    )
    print_table(headings, [_row(trunk) for trunk in result.trunks])
    return 0


def way_words(name: str) -> str:
    """A way out as people call it: a trunk's own name, or the cloud PBX, after which no trunk can be named."""
    return _("standard de l'opérateur") if name.startswith("@") else name


def _row(trunk: TrunkState) -> tuple[object, ...]:
    return (
        way_words(trunk.name),
        None if trunk.kind == "cloud" else _(_KINDS.get(trunk.kind, trunk.kind)),
        trunk.address,
        _(_HEALTH[trunk.health]),
        _registration(trunk),
        _calls(trunk),
        _refusal(trunk.last_refusal),
    )


def _registration(trunk: TrunkState) -> str | None:
    if trunk.registration is None:
        return None
    said = _(_REGISTRATION[trunk.registration])
    return said if trunk.registered_for_s is None else f"{said}, {trunk.registered_for_s} s"


def _calls(trunk: TrunkState) -> str | None:
    if trunk.calls is None:
        return None
    return str(trunk.calls) if trunk.channels is None else f"{trunk.calls}/{trunk.channels}"


def _refusal(refusal: TrunkRefusal | None) -> str | None:
    if refusal is None:
        return None
    what = _("appel") if refusal.of == "call" else _("inscription")
    said = f"{refusal.code} {refusal.reason}" if refusal.code else _("sans réponse")
    realm = f" (realm {refusal.realm})" if refusal.realm else ""
    return f"{moment(refusal.at)} {what} : {said}{realm}"


_KINDS: dict[str, str] = {"ip": "par adresse", "registration": "par inscription", "gateway": "passerelle"}
_HEALTH: dict[TrunkHealth, str] = {
    TrunkHealth.WELL: "répond",
    TrunkHealth.DOUBTFUL: "en doute",
    TrunkHealth.SILENT: "muette",
    TrunkHealth.UNPROBED: "non sondée",
    TrunkHealth.UNKNOWN: "inconnu",
}
_REGISTRATION: dict[RegistrationState, str] = {
    RegistrationState.REGISTERED: "faite",
    RegistrationState.REFUSED: "refusée",
    RegistrationState.SILENT: "sans réponse",
}
