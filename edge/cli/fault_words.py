"""Faults of the settings document in plain words: French sentences by kind, with the fault's data."""

from __future__ import annotations

from edge.cli.system_words import spoken
from edge.cli.words import _
from edge.shared.faults import Fault


def fault_sentence(fault: Fault) -> str:
    """path: what is wrong there. A kind without words still says its reason."""
    return _("{place} : {reason}").format(place=_place(fault.path), reason=_reason(fault))


def _place(path: str) -> str:
    return _("document") if path == "document" else path


def _reason(fault: Fault) -> str:
    if fault.kind == "toml":
        return _toml(fault)
    template = _SENTENCES.get(fault.kind)
    if template is None:
        return fault.reason
    given = fault.data.get("given")
    head = _("« {given} » : ").format(given=given) if given is not None else ""
    try:
        return head + _(template).format(**spoken(fault.data))
    except KeyError:
        return fault.reason  # a daemon of another version left this fault without its data


def _toml(fault: Fault) -> str:
    if "line" in fault.data:
        return _("n'est pas du TOML à la ligne {line}, colonne {column} ({reason})").format(
            reason=fault.reason.removeprefix("not TOML: ").partition(" (at line")[0], **fault.data
        )
    return _("n'est pas du TOML ({reason})").format(reason=fault.reason.removeprefix("not TOML: "))


_TEXT = "un texte entre guillemets est attendu"
_WHOLE = "un nombre entier est attendu, sans guillemets"
_NUMBER = "un nombre est attendu, sans guillemets"
_YES_NO = "true ou false est attendu, sans guillemets"
_TABLE = "une section est attendue"
_ADDRESS = "ce n'est pas une adresse IPv4 (par exemple 192.0.2.1)"
_WITH_PREFIX = "ce n'est pas une adresse IPv4 avec préfixe (par exemple 192.0.2.2/30)"
_ADDRESS_6 = "ce n'est pas une adresse IPv6 (par exemple 2001:db8::1)"
_WITH_PREFIX_6 = "ce n'est pas une adresse IPv6 avec préfixe (par exemple 2001:db8::2/64)"
_NETWORK_6 = "ce n'est pas un réseau IPv6 (par exemple 2001:db8::/48)"

# Kind of fault -> French template with the fault's data. Kinds are pydantic's, or ours (edge/shared/model/base.py).
_SENTENCES: dict[str, str] = {
    "missing": "manque",
    "extra_forbidden": "réglage inconnu",
    "unreadable": "ne peut pas être lu ({why})",
    "encoding": "n'est pas du texte UTF-8",
    "emptied": "ne contient plus aucun réglage",
    "too_large": "plus de {kib} Kio : ce ne sont pas des réglages",
    "nesting": "trop de niveaux l'un dans l'autre",
    "digits": "un nombre a beaucoup trop de chiffres",
    "duplicate": "« {value} » est déjà pris plus haut",
    "no_mobile": "« {value} » n'est pas un numéro de mobile (par exemple 06 12 34 56 78)",
    "not_allowed": "ne va pas avec {with}",
    "not_ports": "« {value} » n'est ni un port ni une plage de ports (par exemple 5060-5061)",
    "only_gateway": "seule la passerelle {value} est interrogée : elle répond aussi quand la ligne est coupée derrière elle",
    "before": "vient avant {first}",
    "outside": "n'est pas une adresse du réseau {network}",
    "no_host": "c'est celle du réseau {network} lui-même ou de tous ses appareils, pas celle d'un seul",
    "own_address": "c'est l'adresse du boîtier lui-même",
    "overlaps": "recouvre le réseau {network} du secteur « {zone} »",
    "overlaps_link": "recouvre le réseau {network} de l'accès « {link} » : le bâtiment serait cherché dehors",
    "no_name": "« {value} » passerait pour une durée ou un ordre : mettez un mot devant (par exemple poste-{value})",
    "too_wide": "{value} est plus large que tout bâtiment : Internet passerait pour l'intérieur",
    "too_small": "est trop petit pour le réseau {network} du bâtiment",
    "scoped": "ne nomme pas d'interface : l'adresse s'arrête avant %",
    "unknown_reference": "« {value} » n'existe pas",
    "string_type": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "list_type": "une liste est attendue",
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dict_type": _TABLE,
    "enum": "valeur attendue : {expected}",
    "greater_than": "doit être plus grand que {gt}",
    "greater_than_equal": "doit être au moins {ge}",
    "less_than": "doit être plus petit que {lt}",
    "less_than_equal": "doit être au plus {le}",
    "string_pattern_mismatch": "n'a pas la forme attendue ({pattern})",
    "string_too_short": "trop court, {min_length} caractère(s) au moins",
    "string_too_long": "trop long, {max_length} caractères au plus",
    "too_long": "{max_length} au plus",
    "ip_v4_address": _ADDRESS,
    "ip_v4_interface": _WITH_PREFIX,
    "ip_v6_address": _ADDRESS_6,
    "ip_v6_interface": _WITH_PREFIX_6,
    "ip_v6_network": _NETWORK_6,
}
