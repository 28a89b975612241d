"""Words for the known faults: issue id -> what is wrong, and what to do. docs/issues.md lists the same ids."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from edge.cli.system_words import spoken
from edge.cli.words import _
from edge.shared.messages.common import Issue


def issue_sentence(issue: Issue) -> str:
    """What is wrong and what to do; an issue without words here still says its id and its data."""
    template = WORDS.get(issue.id)
    if template is None:
        return _unknown(issue)
    try:
        said = _(template).format(subject=issue.subject, **spoken(issue.data))
    except KeyError:
        return _unknown(issue)  # a daemon of another version raised it without its data
    advice = SUGGESTIONS.get(issue.suggestion)
    return f"{said} {_(advice).format(fix=issue.fix)}" if advice else said


def _unknown(issue: Issue) -> str:
    data = ", ".join(f"{name}={value}" for name, value in issue.data.items())
    return " ".join(part for part in (issue.id, issue.subject, data) if part)


# Issue id -> French template with the issue's subject and data.
WORDS: dict[str, str] = {
    "settings.file_refused": "{path} est refusé, les réglages précédents restent en vigueur : {faults}. "
    "Corrigez le fichier (« repli settings check {path} »).",
    "settings.file_not_written": "{path} ne peut pas être écrit ({reason}). Vérifiez le disque.",
    "settings.not_kept": "Les réglages ne peuvent pas être enregistrés ({reason}). Vérifiez le disque.",
    "settings.copy_used": "{path} était abîmé : sa dernière bonne copie est utilisée. Vérifiez les réglages et le disque.",
    "settings.revision_refused": "Les réglages n° {revision} ne conviennent pas à cette version : "
    "les n° {used} sont utilisés. Vérifiez les réglages.",
    "settings.waiting_confirmation": "Les nouveaux réglages attendent « repli settings confirm » avant {confirm_by} (UTC), "
    "sinon les précédents reviennent.",
    "uplinks.interface_missing": "L'interface {interface} de l'accès « {subject} » est absente.",
    "uplinks.no_carrier": "Le câble de l'accès « {subject} » ({interface}) est débranché ou l'autre bout est éteint.",
    "uplinks.no_address": "L'accès « {subject} » ({interface}) n'a pas d'adresse.",
    "uplinks.no_answer": "L'accès « {subject} » ({interface}) ne répond plus.",
    "uplinks.no_answer_anywhere": "Aucun accès Internet ne répond.",
    "uplinks.only_gateway": "L'accès « {subject} » n'interroge que sa passerelle {gateway}, qui répond même ligne coupée.",
    "uplinks.no_targets": "L'accès « {subject} » n'a aucune cible à sonder : une coupure derrière la box ne serait pas vue.",
    "uplinks.target_silent": "Une cible ne répond plus par l'accès « {subject} », bon par ailleurs : {targets}.",
    "uplinks.flapping": "L'accès « {subject} » est instable : perdu {count} fois en {minutes} minutes.",
    "uplinks.dns_dead": "L'accès « {subject} » fonctionne, mais les noms n'y sont plus trouvés ({servers} ne répond pas).",
    "uplinks.probe_budget_exceeded": "Les sondes de l'accès « {subject} » en veille, une toutes les {interval_ms} ms, "
    "coûtent {mb} Mo par mois, plus que les {budget_mb} Mo prévus.",
    "uplinks.budget_nearly_used": "Le forfait de l'accès « {subject} » est utilisé à {percent} % (sur {limit_mb} Mo).",
    "uplinks.budget_used": "Le forfait de l'accès « {subject} » ({limit_mb} Mo) est épuisé : il ne porte plus que la téléphonie "
    "et ce que dit le boîtier lui-même (alertes, opérateur).",
    "uplinks.flows_nearly_full": "La table des connexions est presque pleine ({open} sur {most}) : pleine, elle refuse "
    "toute nouvelle connexion, appels compris, et plus aucun accès ne semble répondre.",
    "uplinks.budget_not_kept": "Ce que les accès ont consommé ne peut pas être lu ou enregistré ({reason}) : "
    "un redémarrage l'oublierait.",
    "uplinks.clock_wrong": "L'horloge du boîtier est fausse ({date}) : les heures des alertes et des bascules le sont aussi.",
    "uplinks.clock_not_synchronised": "Aucun serveur de temps ne règle l'horloge du boîtier : elle dérive.",
    "uplinks.second_default_route": "Un autre programme règle aussi l'accès « {subject} » : route par défaut vers {gateway} "
    "sur {interface} (origine : {origin}).",
    "uplinks.double_nat": "L'accès « {subject} » passe par une autre box ({address} sur {interface}) : "
    "rien ne peut entrer d'Internet.",
    "uplinks.poor_quality": "L'accès « {subject} » ({interface}) répond mal : pertes ou délai trop élevés.",
    "uplinks.foreign_change": "Un autre programme a modifié le réseau de Repli ({subject}) : remis en place le {at}.",
    "uplinks.forced": "L'accès « {subject} » est forcé par {author} jusqu'au {until} (UTC) : {reason}.",
    "uplinks.forbidden": "L'accès « {subject} » est interdit par {author} jusqu'au {until} (UTC) : {reason}.",
    "uplinks.forbidden_in_use": "L'accès « {subject} » est interdit par {author} ({reason}), mais il sert encore : "
    "aucun autre ne répond.",
    "uplinks.overrides_lost": "Les accès forcés ou interdits ne peuvent plus être lus : ils ne sont plus en vigueur.",
    "uplinks.rogue_dhcp": "Dans le réseau « {subject} », un autre appareil donne des adresses : {devices}. "
    "Des postes perdent Internet ou sont détournés.",
    "uplinks.duplicate_address": "Dans le réseau « {subject} », un autre appareil a pris l'adresse du boîtier : {devices}. "
    "Des postes n'atteignent plus rien.",
    "uplinks.isolated": "Le réseau « {subject} » est isolé par {author} depuis le {at} (UTC) : {reason}. "
    "Les téléphones et la cellule de crise continuent.",
    "uplinks.isolation_not_kept": "Les réseaux isolés ne peuvent pas être enregistrés ({reason}) : "
    "un redémarrage les oublierait.",
    "uplinks.kernel_refused": "Le système a refusé un réglage du réseau ({subject} : {reason}).",
    "uplinks.history_unwritable": "L'historique des accès ne peut pas être enregistré ({reason}).",
    "uplinks.settings_refused": "Les réglages des accès Internet sont refusés, les précédents restent en vigueur "
    "({subject} : {reason}).",
    "pppd.unsupported": "Le noyau de ce boîtier ne sait pas faire de PPPoE : l'accès « {subject} » ne peut pas être établi. "
    "Mettez le boîtier à jour, ou laissez la box de l'opérateur se connecter.",
    "pppd.parent_missing": "L'interface {interface}, qui porte la connexion PPPoE de l'accès « {subject} », est absente. "
    "Vérifiez le matériel ou « parent » dans les réglages.",
    "pppd.login_refused": "L'opérateur refuse l'identifiant ou le mot de passe PPPoE de l'accès « {subject} ». "
    "Vérifiez « user » et « password » dans les réglages.",
    "pppd.no_session": "Personne ne répond à la connexion PPPoE de l'accès « {subject} » ({interface}). "
    "Vérifiez le câble et « vlan » dans les réglages, sinon appelez l'opérateur.",
    "modem.device_missing": "Le modem « {subject} » est absent ({device}).",
    "modem.device_busy": "Le port du modem « {subject} » ({device}) est occupé par {holder}.",
    "modem.device_refused": "Le port du modem « {subject} » ne peut pas être ouvert ({reason}).",
    "modem.no_storage": "« {subject} » n'envoie rien : rien ne peut être écrit sur le disque ({reason}).",
    "modem.no_answer": "Le modem « {subject} » ({device}) ne répond pas comme un modem.",
    "modem.sim_missing": "Le modem « {subject} » ne trouve pas de carte SIM utilisable.",
    "modem.sim_locked": "La carte SIM du modem « {subject} » demande son code PIN.",
    "modem.gateway_unreachable": "La passerelle SMS « {subject} » ({address}) ne répond pas ({reason}) : "
    "les SMS partent par les modems.",
    "modem.gateway_refused": "La passerelle SMS « {subject} » ({address}) refuse ce compte ({reason}).",
    "modem.gateway_slowed": "La passerelle SMS « {subject} » ne prend plus rien pour l'instant : "
    "le compte est utilisé plus vite que permis, ou l'opérateur est surchargé.",
    "modem.gateway_refuses": "La passerelle SMS « {subject} » refuse des messages ({reason}).",
    "modem.recipients_nearly_used": "La SIM du modem « {subject} » a écrit à {people} personnes ce mois-ci, "
    "pour {limit} permises.",
    "modem.recipients_used": "La SIM du modem « {subject} » a écrit aux {limit} personnes permises ce mois-ci : "
    "les messages ordinaires à d'autres attendent, les alertes partent.",
    "modem.recipients_unusual": "La SIM du modem « {subject} » a écrit à {people} personnes ce mois-ci : "
    "au-delà de {limit}, un opérateur peut la bloquer.",
    "modem.gps_port": "Le port du modem « {subject} » ({device}) est celui de son récepteur GPS : il dit « {heard} ».",
    "modem.nonsense": "Ce qui répond sur le port du modem « {subject} » ({device}) n'est pas un modem : « {heard} ».",
    "modem.other_opener": "Un autre programme a aussi ouvert le port du modem « {subject} » ({device}) : {programs}.",
    "modem.port_grabber": "{programs} est en marche et ouvre tout port de modem : des réponses se perdent.",
    "modem.self_test_failed": "Le dernier essai du modem « {subject} » n'a pas abouti.",
    "modem.sim_pin_wrong": "La carte SIM du modem « {subject} » a refusé le code PIN des réglages, ou n'y a pas répondu "
    "(essais restants : {left}). Il n'est plus essayé.",
    "modem.sim_last_try": "La carte SIM du modem « {subject} » n'a plus qu'un essai de code PIN (restants : {left}) : "
    "il n'est pas essayé.",
    "modem.sim_puk": "La carte SIM du modem « {subject} » est bloquée après trois codes PIN faux : elle demande son code PUK.",
    "modem.sim_other_lock": "Le modem « {subject} » est verrouillé sur une autre carte SIM ou un autre opérateur.",
    "modem.sim_swapped": "Le modem « {subject} » a une autre carte SIM ({now}) qu'avant ({before}), depuis {at} (UTC).",
    "modem.smsc_unset": "La carte SIM du modem « {subject} » ne connaît pas le centre SMS de son opérateur : aucun SMS ne part.",
    "modem.sms_barred": "L'opérateur interdit les SMS à la carte SIM du modem « {subject} » (code {code}).",
    "modem.roaming": "Le modem « {subject} » est en itinérance, sur le réseau de {operator}.",
    "modem.no_voice": "Le modem « {subject} » ne peut pas téléphoner en 4G (VoLTE non enregistrée) : "
    "la dernière voie de secours des appels est coupée.",
    "modem.voice_legacy": "Le modem « {subject} » ne téléphone qu'en 2G ou 3G, que les opérateurs arrêtent.",
    "modem.voice_unknown": "Le modem « {subject} » ne dit pas s'il peut téléphoner en 4G (VoLTE).",
    "modem.signal_poor": "Le modem « {subject} » ne reçoit presque plus rien ({dbm} dBm).",
    "modem.bearer_apn": "Données mobiles du modem « {subject} » : l'opérateur ne connaît pas le point d'accès « {apn} ».",
    "modem.bearer_authentication": "Données mobiles du modem « {subject} » : l'opérateur refuse le nom ou le mot de passe de "
    "« {apn} ».",
    "modem.bearer_barred": "Données mobiles du modem « {subject} » : l'abonnement ne les a pas, ou l'opérateur les a coupées.",
    "modem.bearer_down": "Les données mobiles du modem « {subject} » ne s'établissent pas ({apn}) ; nouvel essai en cours.",
    "modem.bearer_roaming": "Données mobiles du modem « {subject} » coupées : il est sur le réseau d'un autre opérateur.",
    "modem.bearer_no_interface": "Données mobiles du modem « {subject} » : il n'y a pas d'interface {interface}.",
    "modem.no_network": "Le modem « {subject} » n'est pas enregistré sur le réseau mobile.",
    "modem.unreadable": "SMS reçus et illisibles ces sept derniers jours : {count}, gardés à part.",
    "alerts.modem_unreachable": "Le service modem ne répond pas : les SMS attendent et partiront quand il revient.",
    "alerts.no_contacts": "Personne à prévenir : importez une liste (« repli alerts import FICHIER »).",
    "alerts.list_empty": "La liste « {list} » de la consigne « {scenario} » est vide : vérifiez son nom dans les réglages "
    "et dans le fichier importé.",
    "alerts.settings_refused": "Réglages refusés, les précédents restent en vigueur pour les alertes : {faults}.",
    "voice.address_missing": "L'adresse {address}, où les téléphones sont servis, manque à ce boîtier.",
    "voice.kamailio_silent": "La téléphonie ne répond pas (Kamailio) : les téléphones de la mairie ne fonctionnent pas.",
    "voice.cloud_silent": "Le standard de l'opérateur ({address}) ne répond plus : mode autonome, "
    "les postes s'appellent entre eux et les numéros d'urgence passent par la ligne de secours.",
    "voice.cloud_name_silent": "Aucun serveur de noms ne répond pour le standard de l'opérateur ({subject}) : "
    "ses dernières adresses connues ({kept}) restent utilisées.",
    "voice.cloud_name_unknown": "Le nom du standard de l'opérateur ({subject}) n'existe plus : "
    "ses dernières adresses connues ({kept}) restent utilisées.",
    "voice.cloud_name_lies": "Pour le standard de l'opérateur ({subject}), le serveur de noms donne {said}, "
    "qui ne peut pas être le sien : ses dernières adresses connues ({kept}) restent utilisées.",
    "voice.hours_not_kept": "L'horloge du boîtier est fausse : les horaires d'ouverture ne sont pas appliqués, "
    "les postes sonnent comme aux heures d'ouverture.",
    "voice.redirected": "Renvoi en cours : {numbers} vers {to} jusqu'au {until}, par {author} (motif : {reason}).",
    "voice.redirects_damaged": "Le fichier des renvois était abîmé : des renvois en cours peuvent manquer.",
    "voice.cloud_never_found": "Le standard de l'opérateur ({subject}) n'a jamais été trouvé : mode autonome.",
    "voice.unprotected_extensions": "Postes sans mot de passe dans les réglages : {extensions}. "
    "Ils ne pourront pas téléphoner si le standard de l'opérateur est perdu.",
    "voice.upstream_refused": "Le standard de l'opérateur refuse l'enregistrement du poste {extension} (code {code}) : "
    "personne de l'extérieur ne peut l'appeler.",
    "voice.emergency_call": "Appel d'urgence au {number} depuis le poste {caller} ({address}), le {at} (UTC).",
    "voice.records_not_kept": "Les appels ne sont plus inscrits au registre ({reason}). Les téléphones marchent.",
    "voice.emergency_failed": "L'appel d'urgence au {number} depuis le poste {caller} ({address}), le {at} (UTC), "
    "n'a pas abouti.",
    "voice.phone_limited": "Le téléphone {address} demande trop ou donne de faux mots de passe : il est limité, "
    "sauf pour les numéros d'urgence.",
    "voice.sip_alg": "Un équipement entre le téléphone {address} et le boîtier réécrit ses messages (« SIP ALG ») : "
    "appels sans son ou coupés à prévoir.",
    "voice.addresses_blocked": "Adresses d'Internet bloquées par la téléphonie : {count} ({addresses}).",
    "voice.extension_is_emergency": "Le poste {extension} porte un numéro d'urgence : le composer appelle les secours.",
    "voice.no_trunk_for_emergency": "Aucune ligne extérieure dans les réglages : "
    "les numéros d'urgence ne passent que par le standard de l'opérateur.",
    "voice.no_way_for_emergency": "Ni ligne extérieure ni standard de l'opérateur dans les réglages : "
    "les numéros d'urgence n'aboutissent pas.",
    "voice.settings_not_told": "Les réglages de la téléphonie n'ont pas pu être transmis ({reason}).",
    "voice.registrations_not_copied": "Les enregistrements des téléphones ne peuvent plus être sauvegardés "
    "({reason}) : une coupure de courant les ferait perdre.",
    "voice.settings_refused": "Réglages refusés, les précédents restent en vigueur pour la téléphonie : {faults}.",
    "voice.clock_wrong": "L'horloge du boîtier est fausse ({date}) : "
    "les heures des appels et ce qui suit les horaires le sont aussi.",
    "voice.number_on_two_phones": "Le poste {extension} est enregistré depuis plusieurs téléphones : {addresses}. "
    "Ils sonnent tous.",
    "voice.kamailio_missing": "La téléphonie ne peut pas démarrer, il lui manque : {missing}. "
    "Les téléphones de la mairie ne fonctionnent pas.",
    "voice.kamailio_version": "La version {version} de Kamailio n'a pas été essayée avec ce logiciel, prévu pour {tried}.",
    "voice.cloud_not_routing": "Le standard de l'opérateur répond, mais refuse les appels ({calls} de suite, "
    "code {code}) : le boîtier achemine ceux qu'il peut.",
    "voice.trunk_silent": "La ligne extérieure « {subject} » ({address}) ne répond pas : les appels passent par une autre, "
    "s'il y en a.",
    "voice.trunk_refused": "La ligne extérieure « {subject} » ({address}) nous refuse (code {code}) : "
    "les appels n'y passent pas.",
    "voice.registered_elsewhere": "Le poste {extension} est enregistré chez l'opérateur sans passer par le "
    "boîtier : {contacts}. Ces appareils-là se taisent si l'opérateur est perdu.",
    "voice.phones_gone": "{count} postes ont disparu en même temps ({extensions}) : switch ou courant ?",
    "web.no_pin": "Aucun code d'accès aux pages : personne ne peut déclencher d'alerte. Créez-en un (« repli web pin set »).",
    "web.pins_unreadable": "Les codes d'accès aux pages sont illisibles ({reason}). Vérifiez le disque, puis recréez-les.",
    "web.sessions_damaged": "Le fichier des connexions aux pages était illisible : il est mis de côté, chacun se reconnecte. "
    "Vérifiez le disque ({reason}).",
    "web.sessions_not_kept": "Les connexions aux pages ne peuvent pas être enregistrées ({reason}) : un redémarrage "
    "déconnecterait tout le monde. Vérifiez le disque.",
    "web.cannot_listen": "Les pages ne sont pas servies : {address}:{port} est impossible ({reason}). Nouvel essai en cours. "
    "Vérifiez l'adresse et le port dans les réglages.",
    "web.listens_elsewhere": "Les pages sont servies sur {reason} et non sur {address}:{port}, comme le disent les réglages.",
}

# Suggestion id -> French words, with the command that helps.
SUGGESTIONS: dict[str, str] = {
    "check_gateway_address": "Vérifiez « host » et « port » dans les réglages et l'accès Internet (« repli {fix} »).",
    "check_gateway_account": "Vérifiez « account » et « password » dans les réglages, sinon appelez l'opérateur.",
    "lower_gateway_rate": "Mettez dans « per_second » ce que le contrat permet.",
    "ask_gateway_provider": "Demandez à l'opérateur : crédit épuisé, expéditeur non autorisé ou numéros non desservis.",
    "check_modem_plug": "Vérifiez son branchement ou le port dans les réglages (« repli {fix} »).",
    "stop_other_program": "Arrêtez ce programme (« repli {fix} »).",
    "check_modem_port": "Vérifiez le port dans les réglages et ses droits (groupe dialout).",
    "check_command_port": "Vérifiez que c'est son port de commande, puis coupez et remettez son alimentation.",
    "check_sim_place": "Vérifiez qu'elle est bien en place.",
    "spread_recipients": "Passez par une passerelle SMS ou une seconde SIM (« repli {fix} »).",
    "set_recipients": "Demandez la limite à l'opérateur, mettez-la dans les réglages (« recipients_per_month »).",
    "unlock_sim": "Mettez-le dans « pin » des réglages, ou désactivez-le dans un téléphone (« repli {fix} »).",
    "check_port_and_baud": "Vérifiez le port dans les réglages et, sur une vraie ligne série, « baud ».",
    "disable_grabber": "Arrêtez-le pour de bon (« systemctl disable --now ModemManager », ou brltty).",
    "test_again": "Refaites-le, et suivez les étapes (« repli {fix} »).",
    "correct_pin": "Corrigez « pin » dans les réglages : le nouveau code est essayé une fois (« repli {fix} »).",
    "type_pin_in_phone": "Mettez la carte dans un téléphone, tapez-y le bon code, et corrigez « pin » (« repli {fix} »).",
    "type_puk_in_phone": "Mettez la carte dans un téléphone et tapez-y le code PUK que donne l'opérateur (« repli {fix} »).",
    "unbind_modem": "Demandez le code de déverrouillage à qui a fourni le modem, ou changez de modem (« repli {fix} »).",
    "accept_sim": "Remettez l'ancienne, ou confirmez la nouvelle (« repli {fix} --accept MODEM »).",
    "set_smsc": "Demandez-en le numéro à l'opérateur et mettez-le dans « smsc » (« repli {fix} »).",
    "ask_operator_for_sms": "Demandez à l'opérateur une ligne qui envoie des SMS, et qu'elle soit payée (« repli {fix} »).",
    "expect_roaming": "Si cette carte est toujours en itinérance, dites-le (« expect_roaming ») (« repli {fix} »).",
    "enable_volte": "Demandez la VoLTE à l'opérateur pour cette carte et ce modem ; si elle ne sert jamais aux appels, "
    "dites-le (« voice = false ») (« repli {fix} »).",
    "try_a_call": "Essayez un appel ; si elle ne sert jamais aux appels, dites-le (« voice = false ») (« repli {fix} »).",
    "move_antenna": "Vérifiez l'antenne et son câble, ou déplacez-la (« repli {fix} »).",
    "check_apn": "Vérifiez « apn », « auth », « user » et « password » du modem dans les réglages (« repli {fix} »).",
    "have_data_opened": "Demandez à l'opérateur d'ouvrir les données sur cette carte SIM.",
    "allow_roaming": "Si cela est voulu et payé, mettez « roaming = true » dans les réglages de ses données (« repli {fix} »).",
    "check_bearer_interface": "Vérifiez « interface » dans les réglages, et le mode USB du modem (ECM, RNDIS ou QMI).",
    "check_antenna": "Vérifiez l'antenne et l'abonnement (« repli {fix} »).",
    "look_aside": "Regardez de qui ils sont peut-être (« repli {fix} »).",
    "check_phone_network": "Vérifiez le câble du réseau des téléphones ou l'adresse dans les réglages (« voice.listen »).",
    "add_secrets": "Donnez à ces postes leur « password » ou « ha1 » dans les réglages.",
    "compare_upstream": "Comparez son « upstream » dans les réglages avec ce que l'opérateur a donné.",
    "change_extension": "Donnez-lui un autre numéro.",
    "call_back": "Rappelez cette personne, et vérifiez les lignes extérieures (« repli {fix} »).",
    "meet_rescuers": "Allez voir cette personne et attendez les secours.",
    "unblock_if_known": "Si l'une d'elles est des vôtres, laissez-la revenir (« repli {fix} »).",
    "add_trunk": "Ajoutez une ligne (« voice.trunks »).",
    "check_second_phone": "Si ce n'est pas voulu, donnez à l'un son propre numéro (« repli {fix} »).",
    "reinstall_box": "Réinstallez le logiciel du boîtier ou appelez son support.",
    "check_trunk_line": "Vérifiez son adresse dans les réglages, ou appelez son opérateur (« repli {fix} »). Si elle ne répond "
    "jamais aux sondes, dites-le (« probe = false »).",
    "check_trunk_account": "Vérifiez son compte et son mot de passe dans les réglages, ou appelez son opérateur, le code à "
    "l'appui (« repli {fix} »).",
    "tell_pbx_operator": "Prévenez cet opérateur, le code à l'appui.",
    "disable_alg": "Désactivez cette fonction dans le routeur ou le pare-feu.",
    "check_name_servers": "Vérifiez les serveurs de noms des accès (« repli {fix} »).",
    "ask_pbx_operator": "Demandez sa nouvelle adresse à cet opérateur.",
    "check_cloud_name": "Vérifiez ce nom et les serveurs de noms, ou mettez une adresse dans les réglages.",
    "check_redirects": "Vérifiez-les (« repli {fix} --list ») et le disque.",
    "end_redirect": "Pour le faire cesser avant : « repli {fix} --cancel NUMÉRO ».",
    "set_proxy": "Si c'est un téléphone du bâtiment, donnez-lui le boîtier pour proxy sortant (« repli {fix} »).",
    "check_switch": "Vérifiez le commutateur de ces postes et son alimentation (« repli {fix} »).",
    "find_phone": "Cherchez cet appareil : mot de passe à corriger, ou programme malveillant (« repli {fix} »).",
    "check_hardware": "Vérifiez le matériel ou le nom dans les réglages.",
    "plug_in": "Rebranchez-le ou rallumez l'autre bout.",
    "get_address": "Redémarrez la box de l'opérateur ; si cela dure, vérifiez « address » et « cidr » dans les réglages.",
    "wait_or_call_operator": "Prévenez l'opérateur s'il ne revient pas.",
    "check_power_then_call_operators": "Vérifiez que les box sont allumées, puis appelez les opérateurs.",
    "add_far_target": "Ajoutez à « targets » une cible plus loin que la passerelle.",
    "add_targets": "Ajoutez « targets » aux réglages.",
    "call_operator_with_history": "Appelez l'opérateur, heures des coupures à l'appui (« repli {fix} »).",
    "change_resolvers": "Vérifiez ces serveurs de noms, ou mettez-en d'autres dans les réglages (« repli {fix} »).",
    "remove_standby_interval": "Retirez « standby_interval_ms » des réglages de cet accès, ou augmentez-le.",
    "find_who_opens_flows": "Un appareil du bâtiment en ouvre trop : cherchez-le, ou coupez son secteur (« repli {fix} »).",
    "spare_data": "Évitez les gros téléchargements, ou augmentez le forfait.",
    "raise_budget": "Augmentez « budget_mb » si le contrat le permet, ou attendez le mois suivant (« repli {fix} »).",
    "set_clock": "Vérifiez l'accès aux serveurs de temps et la pile de l'horloge.",
    "check_time_servers": "Vérifiez l'accès aux serveurs de temps.",
    "unmanage_interface": "Retirez cette interface de NetworkManager (unmanaged-devices) ou du client DHCP du système.",
    "bridge_operator_box": "S'il faut joindre le boîtier de l'extérieur, passez la box de l'opérateur en mode pont.",
    "restart_box": "Nouvel essai en cours ; si cela dure, redémarrez le boîtier.",
    "check_disk": "Vérifiez le disque.",
    "call_operator_if_it_lasts": "S'il dure, prévenez l'opérateur, mesures à l'appui (« repli {fix} »).",
    "find_who_changed_it": "Cherchez qui l'a fait : NetworkManager, un script, une commande.",
    "release_it": "« repli {fix} » pour revenir à la normale.",
    "unplug_stranger": "Cherchez cet appareil par son adresse matérielle (étiquette, commutateur) et débranchez-le.",
    "end_isolation": "Quand le danger est passé : « repli {fix} ».",
    "isolate_again": "Vérifiez le disque, puis isolez de nouveau si besoin (« repli {fix} »).",
    "wish_again": "Forcez ou interdisez-les de nouveau si besoin (« repli {fix} »).",
    "change_target": "Vérifiez-la (« repli {fix} »), ou remplacez-la dans les réglages.",
    "correct_settings": "Corrigez-les (« repli {fix} »).",
}


def _page() -> str:
    """docs/issues.md."""
    head = (
        "# Problèmes à régler\n\n"
        "What `repli status` says of every known fault, by its stable id. Made by `scripts/docs` from `edge/cli/issues.py`.\n\n"
        "| id | ce que dit le boîtier |\n| --- | --- |\n"
    )
    advice = (
        "\n## Ce qu'il faut faire\n\n"
        "What is said after it, by the id of the issue's `suggestion`; `{fix}` is a command of `repli`.\n\n"
        "| id | ce que conseille le boîtier |\n| --- | --- |\n"
    )
    return head + _rows(WORDS) + advice + _rows(SUGGESTIONS)


def _rows(table: Mapping[str, str]) -> str:
    return "".join(f"| `{name}` | {words} |\n" for name, words in sorted(table.items()))


if __name__ == "__main__":
    sys.stdout.write(_page())
