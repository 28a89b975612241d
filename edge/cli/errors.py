"""Sentences for people, made from error ids and data. An error without words here still says its id and its data."""

from __future__ import annotations

import errno
import os

from edge.cli.fault_words import fault_sentence
from edge.cli.system_words import spoken, system_words
from edge.cli.words import _, figure
from edge.shared.faults import Fault
from edge.shared.paths import SOCKET_PATH_MAX, SocketPathTooLong
from edge.shared.section import SettingsRefused
from edge.shared.varlink import CallFailed, Unreachable
from edge.shared.varlink_client import HUNG_UP, QUEUE_FULL


def sentence(error: Exception) -> str:
    """Say an error in plain words."""
    if isinstance(error, CallFailed):
        return _call_failed(error)
    if isinstance(error, Unreachable):
        return _("Le service « {daemon} » ne répond pas ({reason}).").format(
            daemon=error.path.name, reason=silence(error)
        )
    if isinstance(error, SettingsRefused):
        return "\n".join(fault_sentence(fault) for fault in error.faults)
    if isinstance(error, SocketPathTooLong):
        return _(
            "Le chemin {path} est trop long pour une socket ({length} octets, {maximum} au plus) : "
            "choisissez un REPLI_ROOT plus court."
        ).format(path=error.path, length=len(os.fsencode(error.path)), maximum=SOCKET_PATH_MAX)
    if isinstance(error, OSError) and error.errno is not None:
        words = system_words(str(error.strerror))
        return _("{place} : {reason}").format(place=error.filename, reason=words) if error.filename else words
    return str(error)


def silence(error: Unreachable) -> str:
    """Why a daemon does not answer, in words for people."""
    if error.waited is not None:
        text = _("aucune réponse en {seconds} s : il tourne, mais il est bloqué")
        return text.format(seconds=figure(error.waited, 0))
    words = _SILENCES.get(error.reason)
    return _(words) if words else error.reason


def _call_failed(error: CallFailed) -> str:
    if error.name == "SettingsFaulty":
        faults = [Fault.model_validate(fault) for fault in error.parameters.get("faults", [])]
        return "\n".join(fault_sentence(fault) for fault in faults)
    template = _TEMPLATES.get(error.name)
    if template is None:
        return f"{error.error} {error.parameters}"
    try:
        return _(template).format(**spoken(error.parameters))
    except KeyError:
        return f"{error.error} {error.parameters}"  # a daemon of another version left the error without its data


# Reason of a silence -> French words.
_SILENCES: dict[str, str] = {
    os.strerror(errno.ENOENT): "il n'est pas lancé",
    os.strerror(errno.ECONNREFUSED): "il vient de s'arrêter",
    HUNG_UP: "il a coupé la communication",
    QUEUE_FULL: "trop de demandes l'attendent : il est bloqué",
}

# Error name -> French template with the error's data.
_TEMPLATES: dict[str, str] = {
    "NoModem": "Aucun modem dans les réglages.",
    "NoSuchModem": "Aucun modem « {modem} » dans les réglages.",
    "PermissionDenied": "Refusé : cet utilisateur n'a pas ce droit.",
    "InvalidParameter": "Valeur refusée : {parameter}.",
    "MethodNotFound": "Ce service ne connaît pas {method}.",
    "NothingToConfirm": "Aucun réglage n'attend de confirmation.",
    "StorageFailed": "Les réglages n'ont pas pu être enregistrés ({reason}) : rien n'a changé.",
    "BreaksSending": "Refusé : « {command} » empêcherait d'envoyer. Ajoutez --break-sending si c'est voulu : le modem sera "
    "ensuite remis en service.",
    "NotForThisPort": "Refusé : « {command} » attend un texte ou quitte le mode commande. Pour un SMS : repli modem sms send.",
    "NoSuchBearer": "Le modem « {modem} » n'a pas de données mobiles dans les réglages.",
    "NoModemReady": "Aucun modem prêt ne convient ({modem}).",
    "NumberRefused": "{number} n'est pas un numéro qui peut recevoir un SMS.",
    "TextRefused": "Texte trop long : {segments} parties.",
    "CharacterRefused": "Le {place}e caractère du texte ({character}) ne peut pas être envoyé par SMS.",
    "NothingNamed": "Aucun SMS à retirer.",
    "RequestIdReused": "L'identifiant de demande {request_id} a déjà servi pour autre chose.",
    "ModemInCall": "Le modem est déjà en communication ({modem}).",
    "NotDiallable": "{number} n'est pas un numéro qui se compose.",
    "NoSuchCall": "Il n'y a pas d'appel n° {call}.",
    "CallNotThere": "L'appel n° {call} n'en est pas là ({state}).",
    "NotACode": "{code} n'est pas un code qui se compose.",
    "UssdBusy": "Le modem « {modem} » attend déjà une réponse de l'opérateur.",
    "NoSuchUplink": "Il n'y a pas d'accès « {uplink} ».",
    "RecordsNotKept": "Le registre des appels ne peut pas être lu ({reason}).",
    "NoSuchDay": "Le {day} n'existe pas.",
    "SignallingSilent": "La téléphonie ne répond pas (Kamailio).",
    "RoleRequired": "Refusé : il faut le rôle {role}.",
    "WishNotKept": "La demande n'a pas pu être enregistrée ({reason}) : rien n'a changé.",
    "NoZoneToIsolate": "Aucun réseau de bureaux dans les réglages (« uplinks.zones », role = staff) : rien à isoler.",
    "NoSuchZone": "Il n'y a pas de réseau de bureaux « {zone} ».",
    "ReasonRequired": "Il faut un motif : les autres le liront.",
    "IsolationRefused": "Le système a refusé ({reason}) : l'isolement n'est pas en vigueur, nouvel essai en cours.",
    "NothingToRedirect": "{number} n'est ni un poste ni un groupe d'appel : il ne peut pas être renvoyé.",
    "DestinationUnknown": "{to} n'est ni un poste, ni un groupe d'appel, ni un numéro qui existe dehors.",
    "DestinationIsEmergency": "{to} est un numéro d'urgence : rien ne peut y être renvoyé.",
    "RedirectGoesRound": "Avec les renvois en place, les appels de {number} vers {to} tourneraient en rond.",
    "RedirectNotAllowed": "{number} n'a pas le droit d'appeler {to} : il manque « {kind} » à ses droits (« may_call »).",
    "NoWayOutside": "Aucune ligne extérieure ne prend les appels vers {to} (« voice.trunks »).",
    "HourNotUnderstood": "{until} n'est pas une heure : écrivez 18:00 ou 2026-12-25T10:00.",
    "HourPast": "{until} est déjà passé.",
    "HourTooFar": "{until} est trop loin : {days} jours au plus. Un renvoi qui dure se met dans les réglages (« forward »).",
    "ClockNotSet": "L'horloge du boîtier est fausse ({date}) : une heure de fin n'aurait pas de sens. Réglez-la d'abord.",
    "RedirectNotKept": "Le renvoi n'a pas pu être enregistré ({reason}) : rien n'a changé.",
    "NoSuchScenario": "Il n'y a pas de consigne « {scenario} ».",
    "NoSuchCampaign": "Il n'y a pas d'alerte n° {number}.",
    "NoRecipients": "La consigne « {scenario} » n'atteindrait personne : importez des contacts.",
}
