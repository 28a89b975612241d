"""What would become of a call, in full: for fr.repli.voice.Explain, and from site.toml alone when voice is dead.

python -m edge.voice.explain reads the parameters of Explain (JSON) on standard input and prints its result: the command
line asks this way, because daemons' code is not its own to import.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from edge.shared.messages.voice import VoiceMode
from edge.shared.messages.voice_explain import Decider, ExplainedReason, ExplainedStep, ExplainParams, ExplainResult
from edge.shared.model.voice import CloudPbx, VoiceSection
from edge.shared.paths import Paths
from edge.shared.section import SettingsRefused, SettingsSource
from edge.voice.calendar import OpeningHours
from edge.voice.dialplan import decide
from edge.voice.outside import lists_of_ways
from edge.voice.plans import Step
from edge.voice.standing import ALWAYS_OPEN, Because, Calendar
from edge.voice.trunks import CLOUD


def explain(
    voice: VoiceSection,
    asked: ExplainParams,
    mode: VoiceMode,
    now: datetime,
    *,
    source: str,
    redirects: Mapping[str, str] | None = None,
    calendar: Calendar = ALWAYS_OPEN,
) -> ExplainResult:
    """The whole answer. mode, now: what holds when the question names none. Pure."""
    at = moment_asked(asked, voice, now)
    # Off and starting are no ways of deciding: what the box would do on its own is what is asked.
    decider = asked.mode or (Decider.CLOUD if mode is VoiceMode.CLOUD else Decider.LOCAL)
    decision = decide(voice, asked.caller, asked.dialled, VoiceMode(decider), at, redirects, calendar)
    return ExplainResult(
        source=source,
        mode=decider,
        at=at.astimezone(ZoneInfo(voice.hours.timezone)).isoformat(timespec="seconds"),
        outcome=decision.outcome,
        number=decision.number,
        code=decision.code,
        trunks=_names(voice, decision.ways),
        because=[_reason(one) for one in decision.because],
        steps=[_step(voice, index, step) for index, step in enumerate(decision.steps)],
    )


def moment_asked(asked: ExplainParams, voice: VoiceSection, now: datetime) -> datetime:
    """The moment that is asked about; without a zone it is one of the site's own."""
    if asked.at is None:
        return now
    return asked.at.replace(tzinfo=ZoneInfo(voice.hours.timezone)) if asked.at.tzinfo is None else asked.at


def _reason(because: Because) -> ExplainedReason:
    return ExplainedReason(id=because.id, data=dict(because.data))


def _step(voice: VoiceSection, index: int, step: Step) -> ExplainedStep:
    return ExplainedStep(
        step=index + 1,
        action=step.action,
        targets=list(step.targets),
        seconds=step.seconds,
        busy=None if step.busy is None else step.busy + 1,
        otherwise=None if step.otherwise is None else step.otherwise + 1,
        order=step.order if len(step.targets) > 1 else "",
        trunks=_names(voice, step.ways),
        behalf=step.behalf,
        because=_reason(step.because),
    )


def _names(voice: VoiceSection, ways: str) -> list[str]:
    return [CLOUD if isinstance(way, CloudPbx) else way.name for way in lists_of_ways(voice).get(ways, [])]


def main() -> None:
    """Entry point of python -m edge.voice.explain. Nothing is remembered, no daemon asked."""
    asked = ExplainParams.model_validate_json(sys.stdin.read())
    try:
        voice = SettingsSource(Paths.from_environment(), "voice").look().voice
    except SettingsRefused as refused:
        print("\n".join(fault.text for fault in refused.faults), file=sys.stderr)
        sys.exit(1)
    mode = VoiceMode.CLOUD if voice.cloud is not None else VoiceMode.LOCAL
    hours = OpeningHours(voice.hours)
    print(explain(voice, asked, mode, datetime.now(UTC), source="file", calendar=hours).model_dump_json())


if __name__ == "__main__":
    main()
