"""Sentences for people, made from error ids and data. An error without words here still says its id and its data."""

from __future__ import annotations

import os

from edge.cli.fault_words import fault_sentence
from edge.cli.words import _
from edge.shared.faults import Fault
from edge.shared.paths import SOCKET_PATH_MAX, SocketPathTooLong
from edge.shared.section import SettingsRefused
from edge.shared.varlink import CallFailed, Unreachable


def sentence(error: Exception) -> str:
    """Say an error in plain words."""
    if isinstance(error, CallFailed):
        return _call_failed(error)
    if isinstance(error, Unreachable):
        return _("Le service « {daemon} » ne répond pas ({reason}).").format(
            daemon=error.path.name, reason=error.reason
        )
    if isinstance(error, SettingsRefused):
        return "\n".join(fault_sentence(fault) for fault in error.faults)
    if isinstance(error, SocketPathTooLong):
        return _(
            "Le chemin {path} est trop long pour une socket ({length} octets, {maximum} au plus) : "
            "choisissez un REPLI_ROOT plus court."
        ).format(path=error.path, length=len(os.fsencode(error.path)), maximum=SOCKET_PATH_MAX)
    return str(error)


def _call_failed(error: CallFailed) -> str:
    if error.name == "SettingsFaulty":
        faults = [Fault.model_validate(fault) for fault in error.parameters.get("faults", [])]
        return "\n".join(fault_sentence(fault) for fault in faults)
    template = _TEMPLATES.get(error.name)
    if template is None:
        return f"{error.error} {error.parameters}"
    try:
        return _(template).format(**error.parameters)
    except KeyError:
        return f"{error.error} {error.parameters}"  # a daemon of another version left the error without its data


# Error name -> French template with the error's data.
_TEMPLATES: dict[str, str] = {
    "PermissionDenied": "Refusé : cet utilisateur n'a pas ce droit.",
    "InvalidParameter": "Valeur refusée : {parameter}.",
    "MethodNotFound": "Ce service ne connaît pas {method}.",
    "NothingToConfirm": "Aucun réglage n'attend de confirmation.",
    "StorageFailed": "Les réglages n'ont pas pu être enregistrés ({reason}) : rien n'a changé.",
    "NumberRefused": "{number} n'est pas un numéro qui peut recevoir un SMS.",
    "TextRefused": "Texte trop long : {segments} parties.",
    "RequestIdReused": "L'identifiant de demande {request_id} a déjà servi pour autre chose.",
    "NoSuchScenario": "Il n'y a pas de consigne « {scenario} ».",
    "NoSuchCampaign": "Il n'y a pas d'alerte n° {number}.",
    "NoRecipients": "La consigne « {scenario} » n'atteindrait personne : importez des contacts.",
}
