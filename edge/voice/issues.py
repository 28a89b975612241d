"""The known faults of the telephones. Pure: words are made at the edge (edge/cli/issues.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from edge.shared.clock import utc_text
from edge.shared.faults import Fault
from edge.shared.messages.common import Issue, Severity
from edge.shared.messages.voice import VoiceMode
from edge.shared.messages.voice_guard import BanKind
from edge.shared.messages.voice_redirects import Redirect
from edge.shared.model.voice import VoiceSection
from edge.voice.cloud_name import UNNAMED, Naming, Trouble
from edge.voice.decision import Reason, Sight, State
from edge.voice.dialplan import unreachable
from edge.voice.kamailio_alarms import Alarms, lasting
from edge.voice.tables import unprotected

URGENT_SHOWN = timedelta(hours=1)
SHOWN_BANS = 5
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """What the engine saw of the world around the settings."""

    state: State
    sight: Sight
    refused: Sequence[Fault] = ()
    not_told: str | None = None
    missing_addresses: Sequence[str] = ()
    alarms: Alarms = field(default_factory=Alarms)
    now: datetime = LONG_AGO
    not_copied: str | None = None  # why the registrations are not
    records_refused: str | None = None
    naming: Naming = UNNAMED
    clock_wrong: bool = False
    redirects: Sequence[Redirect] = ()
    redirects_damaged: bool = False


def issues_of(settings: VoiceSection, seen: Seen) -> list[Issue]:
    """What is wrong now; since is filled in by whoever remembers."""
    return list(_found(settings, seen))


def _found(settings: VoiceSection, seen: Seen) -> Iterator[Issue]:
    if seen.refused:
        yield _issue("voice.settings_refused", faults="; ".join(fault.text for fault in seen.refused))
    if not settings.listen:
        return
    for address in seen.missing_addresses:
        yield _issue("voice.address_missing", address, address=address)
    if not seen.sight.answers:
        yield _issue("voice.kamailio_silent")
    elif seen.not_told is not None:
        yield _issue("voice.settings_not_told", reason=seen.not_told)
    if seen.not_copied is not None:
        yield _issue("voice.registrations_not_copied", reason=seen.not_copied)
    if seen.state.mode == VoiceMode.LOCAL and seen.state.reason == Reason.CLOUD_SILENT and settings.cloud is not None:
        yield _issue("voice.cloud_silent", address=str(settings.cloud.address))
    yield from _name_troubles(seen.naming)
    yield from _elsewhere(settings, seen)
    alone = unprotected(settings)
    if alone:
        yield _issue("voice.unprotected_extensions", extensions=", ".join(alone))
    for number in unreachable(settings):
        yield _issue("voice.extension_is_emergency", number, extension=number)
    yield from _alarms(seen)
    if seen.records_refused is not None:
        yield _issue("voice.records_not_kept", reason=seen.records_refused)
    if not settings.trunks and settings.cloud is None:
        yield _issue("voice.no_way_for_emergency")
    elif not settings.trunks:
        # The cloud PBX alone is no way out on the night it is lost.
        yield _issue("voice.no_trunk_for_emergency")


def _alarms(seen: Seen) -> Iterator[Issue]:
    for call in seen.alarms.urgent:
        at = datetime.fromtimestamp(call.at, UTC)
        if seen.now - at > URGENT_SHOWN:
            continue
        data = {"caller": call.caller, "address": call.address, "number": call.number, "at": utc_text(at)}
        if call.state == "failed":
            yield _issue("voice.emergency_failed", call.call_id, **data)
        else:
            yield _good_to_know(_issue("voice.emergency_call", call.call_id, **data))
    for address in seen.alarms.rewritten:
        yield _issue("voice.sip_alg", address, address=address)
    kept_out = lasting(seen.alarms.bans, seen.now)
    for ban in (one for one in kept_out if one.kind is BanKind.LIMITED):
        data = {"address": ban.address, "reason": ban.reason, "extension": ban.extension}
        found = _issue("voice.phone_limited", ban.address, **data)
        yield found.model_copy(update={"suggestion": "find_phone", "fix": "voice bans"})
    blocked = [ban.address for ban in kept_out if ban.kind is BanKind.BLOCKED]
    if blocked:
        first = ", ".join(blocked[:SHOWN_BANS])
        yield _good_to_know(_issue("voice.addresses_blocked", count=str(len(blocked)), addresses=first))


def _good_to_know(issue: Issue) -> Issue:
    return issue.model_copy(update={"severity": Severity.INFO})


def _name_troubles(naming: Naming) -> Iterator[Issue]:
    if naming.question is None or naming.trouble is None:
        return
    name = naming.question.name
    kept = ", ".join(str(place.address) for place in naming.places)
    if not kept:
        yield _issue("voice.cloud_never_found", name)
    elif naming.trouble == Trouble.LIE:
        yield _issue("voice.cloud_name_lies", name, said=naming.said, kept=kept)
    else:
        raised = "voice.cloud_name_silent" if naming.trouble == Trouble.SILENT else "voice.cloud_name_unknown"
        yield _issue(raised, name, kept=kept)


def _elsewhere(settings: VoiceSection, seen: Seen) -> Iterator[Issue]:
    """Of hours and redirects; what is redirected, one for each action of a person."""
    if seen.clock_wrong and settings.hours.schedules:
        yield _issue("voice.hours_not_kept")
    if seen.redirects_damaged:
        yield _issue("voice.redirects_damaged")
    for _, together in groupby(sorted(seen.redirects, key=_request), key=_request):
        ones = list(together)
        numbers = ", ".join(one.number for one in ones)
        until = f"{datetime.fromisoformat(ones[0].until):%Y-%m-%d %H:%M}"
        data = {
            "numbers": numbers,
            "to": ones[0].to,
            "until": until,
            "author": ones[0].author,
            "reason": ones[0].reason or "-",
        }
        yield _good_to_know(_issue("voice.redirected", numbers, **data))


def _request(redirect: Redirect) -> str:
    return redirect.request_id


def _issue(name: str, subject: str = "", **data: str) -> Issue:
    return Issue(id=name, subject=subject, data=data, since="")
