"""Words for the known faults: issue id -> what is wrong, and what to do. docs/issues.md lists the same ids."""

from __future__ import annotations

from edge.cli.words import _
from edge.shared.messages.common import Issue


def issue_sentence(issue: Issue) -> str:
    """What is wrong and what to do; an issue without words here still says its id and its data."""
    template = WORDS.get(issue.id)
    if template is None:
        return _unknown(issue)
    try:
        return _(template).format(subject=issue.subject, **issue.data)
    except KeyError:
        return _unknown(issue)  # a daemon of another version raised it without its data


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
}
