"""repli status: one sentence, then a table, then what is to be put right."""

from __future__ import annotations

import argparse
from typing import Any

from edge.cli.issues import issue_sentence
from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.overview import Overview, Service, level_words, look
from edge.cli.runfile import RunState
from edge.cli.words import _
from edge.shared.messages.common import Severity
from edge.shared.paths import Paths

WELL, TROUBLE, NOT_RUNNING = 0, 1, 2


def register(subjects: Subjects) -> None:
    """Add `repli status`."""
    parser = subjects.add_parser("status", help=_("l'état du boîtier en une phrase, puis service par service"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=status)


async def status(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 all well, 1 something to put right, 2 not running."""
    overview = await look(paths)
    code = NOT_RUNNING if not overview.running else TROUBLE if overview.trouble else WELL
    if arguments.json:
        print_json(_fields(overview, code))
        return code
    print(overview.sentence)
    if overview.running:
        print(_("Niveau de secours : {level}.").format(level=level_words(overview.level)))
        print()
        _print_services(overview)
        _print_issues(overview)
    return code


def _print_services(overview: Overview) -> None:
    headings = (_("SERVICE"), _("ÉTAT"), _("DEPUIS (UTC)"), _("RELANCES"), _("PROBLÈMES"))
    rows = [
        (
            service.name,
            _state_words(service),
            moment(service.entry.since) if service.entry else None,
            service.entry.restarts if service.entry else None,
            len(service.faults) or None,
        )
        for service in overview.services
    ]
    print_table(headings, rows)


def _print_issues(overview: Overview) -> None:
    lines = [f"- {service.name} : {service.silence}" for service in overview.services if service.silence]
    lines += [f"- {issue_sentence(issue)}" for service in overview.services for issue in service.faults]
    if lines:
        print("\n" + "\n".join(lines))
    known = [issue for service in overview.services for issue in service.issues if issue.severity is Severity.INFO]
    if known:
        print("\n" + _("Pour information :"))
        print("\n".join(f"- {issue_sentence(issue)}" for issue in known))


def _state_words(service: Service) -> str:
    if service.entry is not None and service.entry.state is not RunState.READY:
        return {
            RunState.STARTING: _("démarre"),
            RunState.BACKOFF: _("arrêté, relancé"),
            RunState.STOPPED: _("arrêté"),
        }[service.entry.state]
    if not service.running:
        return _("ne répond pas")
    return _("à surveiller") if service.faults else _("en marche")


def _fields(overview: Overview, code: int) -> dict[str, Any]:
    return {
        "state": {WELL: "ok", TROUBLE: "degraded", NOT_RUNNING: "stopped"}[code],
        "sentence": overview.sentence,
        "level": overview.level,
        "daemons": [_service_fields(service) for service in overview.services],
    }


def _service_fields(service: Service) -> dict[str, Any]:
    entry = service.entry
    return {
        "name": service.name,
        "running": service.running,
        "pid": entry.pid if entry else None,
        "since": entry.since if entry else None,
        "restarts": entry.restarts if entry else None,
        "reason": service.silence,
        "summary": service.status.summary if service.status else {},
        "issues": [{**issue.model_dump(), "text": issue_sentence(issue)} for issue in service.issues],
    }
