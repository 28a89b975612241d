"""What becomes of a call: emergency first, plans that lead forward only, rights that only ever add, reasons said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.messages.voice import VoiceMode
from edge.shared.model.forwarding import Forward
from edge.shared.model.groups import Group, GroupOrder
from edge.shared.model.numbering import FRENCH_EMERGENCY, CallClass, Prefix, ShortNumber
from edge.shared.model.voice import Extension, VoiceSection
from edge.shared.section import SettingsRefused, parse_site
from edge.voice.dialplan import Decision, Outcome, decide, inside_numbers
from edge.voice.outside import outside, rights
from edge.voice.plan_tables import plan_tables
from edge.voice.plans import Action, plan
from edge.voice.standing import ALWAYS_OPEN, Because, Instead, standing
from edge.voice.tables import tables

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)

SETTINGS = """
[voice]
domain = "mairie.example"
listen = [{ address = "10.0.0.1" }]
outside = "0"
[[voice.trunks]]
name = "pstn"
address = "198.51.100.20"
[[voice.trunks]]
name = "gsm"
address = "198.51.100.21"
[[voice.extensions]]
number = "101"
password = "a"
may_call = ["internal", "national", "mobile", "international"]
pickup_group = "hall"
forward = { busy = "102", no_answer = "0611223344", after_s = 15 }
[[voice.extensions]]
number = "102"
password = "b"
pickup_group = "hall"
[[voice.extensions]]
number = "103"
password = "c"
may_call = ["internal"]
forward = { always = "0611223344", busy = "8001" }
[[voice.extensions]]
number = "104"
password = "d"
may_call = []
[[voice.groups]]
number = "600"
members = ["101", "102"]
order = "in_turn"
ring_s = 10
overflow = "601"
[[voice.groups]]
number = "601"
members = ["102", "103"]
overflow = "600"
[[voice.short_numbers]]
number = "8001"
to = "0611223344"
[[voice.prefixes]]
prefix = "06"
trunks = ["gsm", "pstn"]
[[voice.prefixes]]
prefix = "9"
strip = 1
trunks = ["gsm"]
[[voice.prefixes]]
prefix = "3939"
kind = "national"
"""


def voice(document: str = SETTINGS) -> VoiceSection:
    return parse_site(document).voice


def local(caller: str, dialled: str, **more: object) -> Decision:
    return decide(voice(), caller, dialled, VoiceMode.LOCAL, NOON, **more)  # type: ignore[arg-type]


def reasons(decision: Decision) -> list[str]:
    return [because.id for because in decision.because]


@pytest.mark.parametrize(
    ("caller", "dialled", "outcome", "number", "ways", "code"),
    [
        ("104", "112", Outcome.EMERGENCY, "112", "emergency", 0),
        ("nobody", "018", Outcome.EMERGENCY, "18", "emergency", 0),
        ("101", "102", Outcome.INSIDE, "102", "", 0),
        ("101", "600", Outcome.INSIDE, "600", "", 0),
        ("104", "102", Outcome.REFUSED, "102", "", 403),
        ("999", "102", Outcome.REFUSED, "102", "", 407),
        ("101", "0612345678", Outcome.OUTSIDE, "+33612345678", "by:gsm,pstn", 0),
        ("101", "00612345678", Outcome.OUTSIDE, "+33612345678", "by:gsm,pstn", 0),
        ("101", "0033612345678", Outcome.OUTSIDE, "+33612345678", "by:gsm,pstn", 0),
        ("101", "00033123456789", Outcome.OUTSIDE, "+33123456789", "outside", 0),
        ("101", "000442071234567", Outcome.OUTSIDE, "+442071234567", "outside", 0),
        ("102", "000442071234567", Outcome.REFUSED, "+442071234567", "", 403),
        ("102", "9000442071234567", Outcome.REFUSED, "9000442071234567", "", 404),
        ("102", "900442071234567", Outcome.REFUSED, "+442071234567", "", 403),
        ("102", "90612345678", Outcome.OUTSIDE, "+33612345678", "by:gsm", 0),
        ("103", "0612345678", Outcome.REFUSED, "+33612345678", "", 403),
        ("102", "8001", Outcome.OUTSIDE, "+33611223344", "by:gsm,pstn", 0),
        ("103", "8001", Outcome.REFUSED, "+33611223344", "", 403),
        ("102", "03939", Outcome.OUTSIDE, "3939", "outside", 0),
        ("102", "3635", Outcome.REFUSED, "3635", "", 403),
        ("102", "118008", Outcome.REFUSED, "118008", "", 403),
        ("102", "77777", Outcome.REFUSED, "77777", "", 404),
        ("102", "*8", Outcome.PICKUP, "hall", "", 0),
        ("103", "*8", Outcome.REFUSED, "*8", "", 403),
        ("103", "**101", Outcome.PICKUP, "101", "", 0),
        ("104", "**101", Outcome.REFUSED, "**101", "", 403),
        ("102", "**999", Outcome.REFUSED, "**999", "", 404),
    ],
)
def test_where_a_number_leads(caller: str, dialled: str, outcome: Outcome, number: str, ways: str, code: int) -> None:
    decision = local(caller, dialled)
    assert (decision.outcome, decision.number, decision.ways, decision.code) == (outcome, number, ways, code)
    assert decision.because


def test_forwards_lead_to_the_phone_or_outside_with_the_right_of_who_forwards() -> None:
    ring, busy, away = local("102", "101").steps
    assert (ring.targets, ring.seconds, ring.busy, ring.otherwise) == (("101",), 15, 1, 2)
    assert (busy.targets, busy.because.id, busy.busy) == (("102",), "forward_busy", None)
    assert (away.action, away.targets, away.behalf, away.ways) == (
        Action.OUT,
        ("+33611223344",),
        "101",
        "by:gsm,pstn",
    )


def test_a_forward_without_the_right_is_not_followed_and_said() -> None:
    decision = local("101", "103")
    (ring,) = decision.steps
    assert ring.targets == ("103",)
    assert reasons(decision) == ["extension", "not_followed_right"]
    assert decision.because[1].data == {"number": "103", "to": "0611223344", "kind": "mobile"}


def test_groups_that_overflow_into_each_other_end() -> None:
    decision = local("101", "600")
    first, second = decision.steps
    assert (first.action, first.targets, first.seconds, first.otherwise) == (Action.TURN, ("101", "102"), 10, 1)
    assert (second.action, second.targets, second.otherwise) == (Action.RING, ("102", "103"), None)
    assert "goes_round" in reasons(decision)


def test_a_member_who_is_outside_is_tried_after_those_at_their_desks() -> None:
    steps = local("101", "601", redirects={"102": "0611223344"}).steps
    assert [(step.action, step.targets, step.seconds) for step in steps[:2]] == [
        (Action.RING, ("103",), 20),  # whose own forward outside it has no right to
        (Action.OUT, ("+33611223344",), 20),
    ]
    assert (steps[0].otherwise, steps[1].otherwise) == (1, 2)
    assert steps[1].behalf == "102"


def test_a_redirect_comes_before_the_hours_and_both_before_forwards() -> None:
    class Night:
        def instead(self, number: str, at: datetime) -> Instead | None:
            assert at == NOON
            return Instead("104", Because("night")) if number in ("101", "102") else None

    found = standing(voice(), NOON, {"102": "103"}, Night())
    assert {number: one.to for number, one in found.items()} == {"101": "104", "102": "103"}
    (step,) = local("102", "101", calendar=Night()).steps
    assert (step.targets, step.because.id) == (("104",), "night")


def test_the_cloud_decides_but_for_what_it_rings_here() -> None:
    assert decide(voice(), "101", "102", VoiceMode.CLOUD, NOON).steps == ()
    away = decide(voice(), "101", "102", VoiceMode.CLOUD, NOON, {"102": "0611223344"})
    assert (away.outcome, reasons(away)) == (Outcome.CLOUD, ["cloud_decides", "cloud_rings_away"])
    assert away.steps[0].targets == ("+33611223344",)


@pytest.mark.parametrize(
    ("wrong", "path", "kind"),
    [
        ('groups = [{ number = "600", members = ["999"] }]', "voice.groups.600.members[0]", "unknown_reference"),
        ('groups = [{ number = "600", members = [] }]', "voice.groups.600.members", "too_short"),
        ('groups = [{ number = "101", members = ["101"] }]', "voice.groups.101.number", "duplicate"),
        ('groups = [{ number = "600", members = ["101", "101"] }]', "voice.groups.600.members[1]", "duplicate"),
        ('short_numbers = [{ number = "101", to = "102" }]', "voice.short_numbers.101.number", "duplicate"),
        ('short_numbers = [{ number = "1", to = "112" }]', "voice.short_numbers.1.to", "not_allowed"),
        ('groups = [{ number = "1", members = ["101"], overflow = "17" }]', "voice.groups.1.overflow", "not_allowed"),
        ('groups = [{ number = "15", members = ["101"] }]', "voice.groups.15.number", "not_allowed"),
        ('short_numbers = [{ number = "114", to = "101" }]', "voice.short_numbers.114.number", "not_allowed"),
        ('prefixes = [{ prefix = "06", trunks = ["x"] }]', "voice.prefixes[0].trunks[0]", "unknown_reference"),
        ('prefixes = [{ prefix = "" }]', "voice.prefixes[0].prefix", "string_pattern_mismatch"),
        ('prefixes = [{ prefix = "6", prepend = "a|b" }]', "voice.prefixes[0].prepend", "string_pattern_mismatch"),
        ('trunks = [{ name = "a", address = "192.0.2.1", accepts = ["+*"] }]', "voice.trunks.a.caller", "missing"),
        ('pickup = { group = "a::b" }', "voice.pickup.group", "string_pattern_mismatch"),
    ],
)
def test_numbers_that_lead_nowhere_are_refused(wrong: str, path: str, kind: str) -> None:
    people = '[[voice.extensions]]\nnumber = "101"\n'
    with pytest.raises(SettingsRefused) as refused:
        parse_site(f'[voice]\ndomain = "a.example"\n{wrong}\n{people}')
    assert [(fault.path, fault.kind) for fault in refused.value.faults] == [(path, kind)]


# -- for every settings -----------------------------------------------------------------------------------------------

NUMBERS = ["101", "102", "103", "104", "600", "601", "602", "8001", "8002"]
PLACES = [*NUMBERS, "0611223344", "0899123456", "0044207123456", "3939", "112", "77"]
ANYWHERE = st.sampled_from(PLACES)
MAYBE = st.none() | ANYWHERE
RIGHTS = st.lists(st.sampled_from(list(CallClass)), unique=True)
EXTENSION = st.builds(
    Extension.model_construct,
    number=st.sampled_from(["101", "102", "103", "104", "112"]),
    may_call=RIGHTS,
    pickup_group=st.none() | st.just("hall"),
    forward=st.builds(Forward.model_construct, always=MAYBE, busy=MAYBE, no_answer=MAYBE, after_s=st.just(20)),
    caller=st.none(),
    password=st.just("x"),
    ha1=st.none(),
)
GROUP = st.builds(
    Group.model_construct,
    number=st.sampled_from(["600", "601", "602", "15"]),
    members=st.lists(st.sampled_from(NUMBERS[:4]), min_size=1, max_size=4, unique=True),
    order=st.sampled_from(list(GroupOrder)),
    ring_s=st.just(20),
    overflow=MAYBE,
)
SHORT = st.builds(ShortNumber.model_construct, number=st.sampled_from(["8001", "8002", "18"]), to=ANYWHERE)
PREFIX = st.builds(
    Prefix.model_construct,
    prefix=st.sampled_from(["06", "9", "1", "+", "3939", "00"]),
    strip=st.integers(0, 3),
    prepend=st.sampled_from(["", "0", "+44", "112"]),
    kind=st.none() | st.sampled_from(list(CallClass)),
    trunks=st.just([]),
)


def by_number(entry: Extension | Group | ShortNumber) -> str:
    return entry.number


# Unverified on purpose: what the rules between settings refuse must be harmless all the same.
VOICE = st.builds(
    VoiceSection.model_construct,
    domain=st.just("mairie.example"),
    extensions=st.lists(EXTENSION, max_size=5, unique_by=by_number),
    groups=st.lists(GROUP, max_size=3, unique_by=by_number),
    short_numbers=st.lists(SHORT, max_size=3, unique_by=by_number),
    prefixes=st.lists(PREFIX, max_size=2),
    outside=st.sampled_from(["", "0", "1"]),
)
REDIRECTS = st.dictionaries(st.sampled_from(NUMBERS), ANYWHERE, max_size=3)
DIALLED = ANYWHERE | st.text("0123456789+*#", min_size=1, max_size=14)


@given(VOICE, st.sampled_from(FRENCH_EMERGENCY), st.sampled_from(NUMBERS), st.sampled_from(VoiceMode), REDIRECTS)
def test_an_emergency_number_is_never_anything_else(
    settings: VoiceSection, dialled: str, caller: str, mode: VoiceMode, redirects: dict[str, str]
) -> None:
    decision = decide(settings, caller, dialled, mode, NOON, redirects)
    assert (decision.outcome, decision.number, decision.steps) == (Outcome.EMERGENCY, dialled, ())
    assert tables(settings).htables["emergency"][dialled] == dialled


@given(VOICE, DIALLED, st.sampled_from(NUMBERS), REDIRECTS)
def test_every_call_ends_and_no_step_goes_back(
    settings: VoiceSection, dialled: str, caller: str, redirects: dict[str, str]
) -> None:
    decision = decide(settings, caller, dialled, VoiceMode.LOCAL, NOON, redirects)
    assert len(decision.steps) <= 64
    known = {one.number: one for one in settings.extensions}
    for index, step in enumerate(decision.steps):
        for following in (step.busy, step.otherwise):
            assert following is None or index < following < len(decision.steps)
        if step.action is not Action.OUT:
            assert set(step.targets) <= known.keys()


@given(VOICE, DIALLED, st.sampled_from(NUMBERS), REDIRECTS)
def test_nothing_goes_outside_without_the_right_of_who_sends_it_there(
    settings: VoiceSection, dialled: str, caller: str, redirects: dict[str, str]
) -> None:
    decision = decide(settings, caller, dialled, VoiceMode.LOCAL, NOON, redirects)
    if decision.outcome is Outcome.OUTSIDE:
        number = next((one.to for one in settings.short_numbers if one.number == dialled), dialled)
        found = outside(number, settings)
        assert found is not None
        assert found.kind in rights(caller, settings)
    # From each plan, not from the decision: its targets are numbers as they were set.
    for number in inside_numbers(settings):
        for step in plan(number, settings, standing(settings, NOON, redirects, ALWAYS_OPEN)).steps:
            if step.action is Action.OUT:
                assert step.because.data["to"] not in FRENCH_EMERGENCY
                found = outside(short(settings, step.because.data["to"]), settings)
                assert found is not None
                assert found.kind in rights(step.behalf, settings)


def short(settings: VoiceSection, number: str) -> str:
    return next((one.to for one in settings.short_numbers if one.number == number), number)


@given(VOICE, DIALLED, st.sampled_from(NUMBERS[:4]), st.sampled_from(CallClass))
def test_one_right_more_takes_nothing_away(settings: VoiceSection, dialled: str, caller: str, more: CallClass) -> None:
    before = decide(settings, caller, dialled, VoiceMode.LOCAL, NOON)
    wider = [
        one.model_copy(update={"may_call": [*one.may_call, more]}) if one.number == caller else one
        for one in settings.extensions
    ]
    after = decide(settings.model_copy(update={"extensions": wider}), caller, dialled, VoiceMode.LOCAL, NOON)
    if before.outcome is not Outcome.REFUSED:
        assert (after.outcome, after.number, after.ways) == (before.outcome, before.number, before.ways)


@given(VOICE, REDIRECTS)
def test_every_plan_is_in_the_tables_but_for_a_phone_that_just_rings(
    settings: VoiceSection, redirects: dict[str, str]
) -> None:
    elsewhere = standing(settings, NOON, redirects, ALWAYS_OPEN)
    rows = plan_tables(settings, elsewhere)["plan"]
    for number in inside_numbers(settings):
        made = plan(number, settings, elsewhere)
        kept = [key for key in rows if key.partition("::")[0] == number]
        assert len(kept) == (0 if made.plain else len(made.steps))
    assert all(len(value.split("|")) == 9 for value in rows.values())
