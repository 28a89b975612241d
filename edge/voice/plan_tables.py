"""Numbers and plans as Kamailio's htables. Pure; kamailio/numbers.cfg and kamailio/plan.cfg read them.

Fields of a value are parted by "|"; a list is COUNT/FIRST/SECOND...; "-" is nothing.
Table `number`: short::DIALLED -> the number it stands for; outside -> the digit for outside; group_pickup and
directed_pickup -> what is dialled for them; pickup::EXTENSION -> its pickup group; members::PICKUP GROUP -> extensions;
away::NUMBER -> 1 when all its calls go elsewhere; caller::EXTENSION -> its own number outside; longest_idle -> 1 when
some hunt group asks; form::TRUNK -> how it writes numbers; shown::TRUNK -> its own number, with accepts::TRUNK, a
pattern of all callers it accepts.
Table `prefix`, in which the longest entry that fits counts: e164::DIGITS and national::DIGITS -> least|most|strip|prepend;
cost::DIGITS -> least|most|class; route::DIGITS -> strip|prepend|class|ways.
Table `right`: EXTENSION::CLASS -> 1.
Table `plan`: NUMBER::STEP -> action|targets|seconds|step when busy|step otherwise|order of a group|ways|who forwards|why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.shared.model.groups import GroupOrder
from edge.shared.model.voice import VoiceSection
from edge.shared.model.voice_trunks import Trunk
from edge.voice.dialplan import inside_numbers
from edge.voice.french import COSTS, TO_E164, TO_NATIONAL, Rewriting
from edge.voice.outside import routes, ways_of
from edge.voice.plans import Plan, Step, plan
from edge.voice.standing import Standing

PLAN_TABLES = ("number", "prefix", "right", "plan")
FORWARDED = {"forward_busy": "user-busy", "forward_no_answer": "no-answer", "overflow": "no-answer"}  # RFC 5806


def plan_tables(voice: VoiceSection, standing: Standing) -> dict[str, dict[str, str]]:
    """Make them."""
    plans = [plan(number, voice, standing) for number in inside_numbers(voice)]
    return {
        "number": _numbers(voice, plans),
        "prefix": _prefixes(voice),
        "right": {f"{one.number}::{kind}": "1" for one in voice.extensions for kind in one.may_call},
        "plan": {
            f"{made.number}::{index}": _step(step)
            for made in plans
            if not made.plain
            for index, step in enumerate(made.steps)
        },
    }


def _numbers(voice: VoiceSection, plans: list[Plan]) -> dict[str, str]:
    members: dict[str, list[str]] = {}
    for one in voice.extensions:
        if one.pickup_group is not None:
            members.setdefault(one.pickup_group, []).append(one.number)
    rows = {
        **{f"short::{one.number}": one.to for one in voice.short_numbers},
        "group_pickup": voice.pickup.group,
        "directed_pickup": voice.pickup.directed,
        **{f"pickup::{one.number}": one.pickup_group for one in voice.extensions if one.pickup_group is not None},
        **{f"members::{group}": _list(numbers) for group, numbers in members.items()},
        **{f"away::{made.number}": "1" for made in plans if made.away},
        **{f"caller::{one.number}": one.caller for one in voice.extensions if one.caller is not None},
    }
    for trunk in voice.trunks:
        rows |= _callers(trunk)
    if voice.outside:
        rows["outside"] = voice.outside
    if any(group.order is GroupOrder.LONGEST_IDLE for group in voice.groups):
        rows["longest_idle"] = "1"
    return rows


def _callers(trunk: Trunk) -> dict[str, str]:
    rows = {f"form::{trunk.name}": trunk.numbers.value}
    if trunk.caller is not None:
        patterns = [one.replace("+", "[+]").replace("*", ".*") for one in (trunk.caller, *trunk.accepts)]
        rows |= {f"shown::{trunk.name}": trunk.caller, f"accepts::{trunk.name}": f"^({'|'.join(patterns)})$"}
    return rows


def _list(entries: Sequence[str]) -> str:
    return "/".join((str(len(entries)), *entries))


def _prefixes(voice: VoiceSection) -> dict[str, str]:
    return {
        **_rewritings("e164", TO_E164),
        **_rewritings("national", TO_NATIONAL),
        **{f"cost::{first}": f"{one.least}|{one.most}|{one.kind}" for first, one in COSTS.items()},
        **{
            f"route::{first}": f"{one.strip}|{one.prepend or '-'}|{one.kind or '-'}|{ways_of(one)}"
            for first, one in routes(voice).items()
        },
    }


def _rewritings(name: str, table: Mapping[str, Rewriting]) -> dict[str, str]:
    return {
        f"{name}::{first}": f"{one.least}|{one.most}|{one.strip}|{one.prepend or '-'}" for first, one in table.items()
    }


def _step(step: Step) -> str:
    fields = (
        step.action,
        _list(step.targets),
        str(step.seconds),
        "-" if step.busy is None else str(step.busy),
        "-" if step.otherwise is None else str(step.otherwise),
        step.order,
        step.ways or "-",
        step.behalf or "-",
        FORWARDED.get(step.because.id, "unconditional"),
    )
    return "|".join(fields)
