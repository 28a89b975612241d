"""The known faults of the telephones. Pure: words are made at the edge (edge/cli/issues.py)."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.faults import Fault
from edge.shared.messages.common import Issue
from edge.shared.messages.voice import VoiceMode
from edge.shared.model.voice import VoiceSection
from edge.voice.decision import Reason, Sight, State
from edge.voice.dialplan import unreachable
from edge.voice.tables import unprotected


def issues_of(
    settings: VoiceSection, state: State, sight: Sight, refused: list[Fault], not_told: str | None
) -> list[Issue]:
    """What is wrong now; since is filled in by whoever remembers."""
    return list(_found(settings, state, sight, refused, not_told))


def _found(
    settings: VoiceSection, state: State, sight: Sight, refused: list[Fault], not_told: str | None
) -> Iterator[Issue]:
    if refused:
        yield _issue("voice.settings_refused", faults="; ".join(fault.text for fault in refused))
    if not settings.listen:
        return
    if not sight.answers:
        yield _issue("voice.kamailio_silent")
    elif not_told is not None:
        yield _issue("voice.settings_not_told", reason=not_told)
    if state.mode == VoiceMode.LOCAL and state.reason == Reason.CLOUD_SILENT and settings.cloud is not None:
        yield _issue("voice.cloud_silent", address=str(settings.cloud.address))
    alone = unprotected(settings)
    if alone:
        yield _issue("voice.unprotected_extensions", extensions=", ".join(alone))
    for number in unreachable(settings):
        yield _issue("voice.extension_is_emergency", number, extension=number)
    if not settings.trunks:
        # The cloud PBX alone is no way out on the night it is lost.
        yield _issue("voice.no_trunk_for_emergency")


def _issue(name: str, subject: str = "", **data: str) -> Issue:
    return Issue(id=name, subject=subject, data=data, since="")
