"""repli modem self-test: an SMS of a modem to itself, with its report, step by step."""

from __future__ import annotations

import argparse

from edge.cli.arguments import count_up_to, technician
from edge.cli.main import Subjects
from edge.cli.output import print_json
from edge.cli.words import _, figure
from edge.shared.messages.modem import MODEM
from edge.shared.messages.modem_radio import (
    SELF_TEST,
    SELF_TEST_S,
    SELF_TEST_S_MAX,
    SelfTestParams,
    SelfTestStage,
    SelfTestStep,
)
from edge.shared.paths import Paths
from edge.shared.varlink import Client


def add_self_test(verbs: Subjects) -> None:
    """Add the verb."""
    parser = verbs.add_parser("self-test", help=_("un SMS d'un modem à lui-même, avec son accusé de réception"))
    parser.add_argument("modem", nargs="?", metavar=_("MODEM"), help=_("lequel (le premier qui est prêt)"))
    parser.add_argument(
        "--timeout",
        type=count_up_to(SELF_TEST_S_MAX),
        default=SELF_TEST_S,
        metavar=_("SECONDES"),
        help=_("combien attendre au plus (180)"),
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=self_test)


async def self_test(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 it came back with its report, 1 a step failed."""
    steps: list[SelfTestStep] = []
    params = SelfTestParams(modem=arguments.modem, timeout_s=arguments.timeout, actor=technician())
    async with Client(MODEM, paths.socket("modem")) as client:
        async for step in client.watch(SELF_TEST, params):
            steps.append(step)
            if not arguments.json:
                print(_line(step), flush=True)
    passed = bool(steps) and all(step.done for step in steps)
    if arguments.json:
        name = steps[0].modem if steps else arguments.modem
        print_json({"modem": name, "passed": passed, "steps": [step.model_dump(mode="json") for step in steps]})
    elif passed:
        print(_("Le modem « {modem} » envoie et reçoit.").format(modem=steps[0].modem))
    return 0 if passed else 1


def _line(step: SelfTestStep) -> str:
    words = _(_STEPS_DONE[step.step]) if step.done else _(_STEPS_FAILED[step.step])
    detail = f" ({step.detail})" if step.detail else ""
    return _("{seconds} s  {modem}  {what}").format(
        seconds=f"{figure(step.after_s):>5}", modem=step.modem, what=words + detail
    )


_STEPS_DONE: dict[str, str] = {
    SelfTestStage.MODEM: "prêt",
    SelfTestStage.NUMBER: "son numéro est connu",
    SelfTestStage.ACCEPTED: "SMS accepté par le réseau",
    SelfTestStage.REPORT: "accusé de réception reçu",
    SelfTestStage.RECEIVED: "SMS revenu",
}
_STEPS_FAILED: dict[str, str] = {
    SelfTestStage.MODEM: "pas prêt : voyez « repli modem status »",
    SelfTestStage.NUMBER: "la carte ne connaît pas son numéro : mettez-le dans « number » des réglages",
    SelfTestStage.ACCEPTED: "le réseau n'a pas accepté le SMS",
    SelfTestStage.REPORT: "accepté, mais aucun accusé de réception",
    SelfTestStage.RECEIVED: "le SMS n'est pas revenu",
}
