"""fr.repli.alerts over its socket, with a scripted modem daemon at the other one."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.shared.messages import alerts as a
from edge.shared.messages.common import STATUS, Actor
from edge.shared.messages.modem import SegmentState
from edge.shared.varlink import CallFailed, Client, call_once
from edge.shared.varlink_idl import Method, NoParams, P, R
from hil.bench.uplinks.cost import cpu_s
from hil.rig.daemon import LocalRoot

ACTOR = Actor(user="agent", via="web")


class Alerts:
    """The alerts daemon of a root, called as the web page calls it."""

    def __init__(self, root: LocalRoot) -> None:
        self.root = root

    def call(self, method: Method[P, R], params: P) -> R:
        return asyncio.run(call_once(a.ALERTS, self.root.paths.socket("alerts"), method, params, timeout=30))

    def bring(self, csv: str, source: str = "x.csv") -> a.ImportResult:
        return self.call(a.IMPORT, a.ImportParams(csv=csv, source=source))

    def send(self, scenario: str = "crue", request_id: str = "r1", *, exercise: bool = False) -> a.SendResult:
        params = a.SendParams(scenario=scenario, request_id=request_id, exercise=exercise, actor=ACTOR)
        return self.call(a.SEND, params)

    def counts(self, number: int = 1) -> a.Counts:
        return self.show(number).campaign.counts

    def show(self, number: int = 1) -> a.ShowResult:
        return self.call(a.SHOW, a.ShowParams(number=number))

    def wait_issues(self, state: str, *issues: str) -> None:
        """Until it says this of itself: it notices by itself when the modem daemon goes and comes."""
        deadline = time.monotonic() + 30
        while True:
            status = self.call(STATUS, NoParams())
            if (status.state, [issue.id for issue in status.issues]) == (state, list(issues)):
                return
            assert time.monotonic() < deadline, status
            time.sleep(0.05)

    def wait(self, number: int = 1, timeout: float = 30.0, **wanted: int) -> a.Counts:
        deadline = time.monotonic() + timeout
        while True:
            counts = self.counts(number)
            if all(getattr(counts, name) == value for name, value in wanted.items()):
                return counts
            assert time.monotonic() < deadline, f"wanted {wanted}, there are {counts}"
            time.sleep(0.05)


@pytest.fixture
def alerts(root: LocalRoot, town_hall: str) -> Alerts:
    root.write_site(town_hall)
    root.start("alerts")
    return Alerts(root)


def test_an_alert_goes_out_and_is_confirmed(alerts, scripted_modem, people) -> None:
    alerts.bring(people(4))
    campaign = alerts.send().campaign
    assert campaign.text.startswith("Villeneuve, ")
    alerts.wait(people=4, accepted=4, delivered=4, silent=4)
    scripted_modem.reply("+33600000000", "Reçu !")
    scripted_modem.reply("0600000001", "non")  # the network may give the national form
    scripted_modem.reply("0033600000002", "ok mais je suis loin")
    scripted_modem.reply("+33699999999", "1")
    counts = alerts.wait(acknowledged=1, negative=1)
    assert (counts.silent, counts.failed, counts.reminded) == (2, 0, 0)
    first = alerts.show().deliveries[0]
    assert (first.contact, first.answer, first.answer_text) == ("Prénom0 Nom0", a.Answer.ACKNOWLEDGED, "Reçu !")
    assert first.answered_at is not None
    assert {params.text for params in scripted_modem.handed.values()} == {campaign.text}
    assert len(scripted_modem.handed) == 4, "nobody is written to for having answered"


def test_the_same_request_is_once_the_deed(alerts, scripted_modem, people) -> None:
    alerts.bring(people(3))
    first, second = alerts.send(), alerts.send()
    assert (first.repeated, second.repeated) == (False, True)
    assert first.campaign.number == second.campaign.number == 1
    with pytest.raises(CallFailed, match="RequestIdReused"):
        alerts.send("tous")
    with pytest.raises(CallFailed, match="RequestIdReused"):
        alerts.send(exercise=True)
    alerts.wait(accepted=3)
    assert len(scripted_modem.handed) == 3


def test_two_clicks_at_once_are_one_campaign(alerts, scripted_modem, people) -> None:
    alerts.bring(people(200))

    async def both() -> list[a.SendResult]:
        params = a.SendParams(scenario="crue", request_id="r", actor=ACTOR)
        path = alerts.root.paths.socket("alerts")
        return list(await asyncio.gather(*(call_once(a.ALERTS, path, a.SEND, params) for _ in range(8))))

    results = asyncio.run(both())
    assert sorted(result.repeated for result in results) == [False] + [True] * 7
    assert {result.campaign.number for result in results} == {1}
    assert len(alerts.call(a.CAMPAIGNS, NoParams()).campaigns) == 1


def test_an_exercise_says_so_first(alerts, scripted_modem, people) -> None:
    alerts.bring(people(1))
    preview = alerts.call(a.PREVIEW, a.PreviewParams(scenario="tous", exercise=True))
    campaign = alerts.send("tous", exercise=True).campaign
    assert campaign.exercise
    assert campaign.text == preview.text == "EXERCICE EXERCICE - Alerte générale à Villeneuve"
    scripted_modem.wait_handed(1)
    assert [params.text for params in scripted_modem.handed.values()] == [campaign.text]


def test_the_preview_is_what_would_happen(alerts, scripted_modem, people) -> None:
    alerts.bring(people(3) + "Fixe;F;0123456789;Élus\n" + "Autre;A;0699999999;Agents\n")
    preview = alerts.call(a.PREVIEW, a.PreviewParams(scenario="crue"))
    assert (preview.recipients, preview.without_number) == (3, 1)
    assert (preview.segments_each, preview.encoding) == (1, "gsm7")
    assert preview.minutes == pytest.approx(0.3)  # what the modem daemon says
    assert alerts.call(a.CAMPAIGNS, NoParams()).campaigns == []
    alerts.send()
    counts = alerts.wait(accepted=3)
    assert (counts.people, counts.failed, counts.silent) == (4, 1, 3)
    unreached = alerts.show().deliveries[3]
    assert (unreached.contact, unreached.number, unreached.error) == ("F Fixe", None, "no_number")


def test_recipients_and_text_are_those_of_the_moment_of_sending(alerts, scripted_modem, people) -> None:
    alerts.bring(people(2))
    alerts.send()
    alerts.bring(people(5).replace("Prénom", "Changé"))
    shown = alerts.show()
    assert [delivery.contact for delivery in shown.deliveries] == ["Prénom0 Nom0", "Prénom1 Nom1"]
    assert alerts.send(request_id="r2").campaign.counts.people == 5


def test_importing_again_updates(alerts, people) -> None:
    first = alerts.bring(people(3))
    again = alerts.bring(people(3))
    changed = alerts.bring(people(4).replace("Nom1", "Durand"))
    assert (first.added, first.updated, first.unchanged) == (3, 0, 0)
    assert (again.added, again.updated, again.unchanged) == (0, 0, 3)
    assert (changed.added, changed.updated, changed.unchanged) == (1, 1, 2)
    assert alerts.call(a.LISTS, NoParams()).total == 4


def test_a_file_says_which_lists_a_person_is_on_and_another_file_adds(alerts) -> None:
    head = "Nom;Portable;Liste\n"
    alerts.bring(head + "A;0611111111;Elsu\n", "elus.csv")
    alerts.bring(head + "A;0611111111;Élus\n", "elus.csv")
    alerts.bring(head + "A;0611111111;Cellule\n", "cellule.csv")
    lists = alerts.call(a.LISTS, NoParams()).lists
    assert [(entry.name, entry.contacts) for entry in lists] == [("Cellule", 1), ("Élus", 1)]


def test_an_office_line_that_gets_a_mobile_is_the_same_person(alerts) -> None:
    alerts.bring("Nom;Téléphone;Portable\nA;0123456789;\n")
    result = alerts.bring("Nom;Téléphone;Portable\nA;0123456789;0611111111\n")
    assert (result.added, result.updated) == (0, 1)


def test_a_person_on_two_lists_is_told_once(alerts, scripted_modem) -> None:
    alerts.bring("Nom;Portable;Listes\nA;0611111111;Élus, Agents\nB;0622222222;Agents\n")
    alerts.send("tous")
    scripted_modem.wait_handed(2)
    assert scripted_modem.numbers() == ["+33611111111", "+33622222222"]


def test_what_does_not_exist_is_named(alerts, people) -> None:
    with pytest.raises(CallFailed, match="NoSuchScenario"):
        alerts.send("feu")
    with pytest.raises(CallFailed, match="NoSuchCampaign"):
        alerts.show(7)
    with pytest.raises(CallFailed, match="NoRecipients"):
        alerts.send()
    alerts.bring("Nom;Portable;Listes\nFixe;0123456789;Élus\n")
    with pytest.raises(CallFailed, match="NoRecipients"):
        alerts.send()


def test_a_number_the_modem_daemon_refuses_costs_only_itself(alerts, scripted_modem, people) -> None:
    scripted_modem.refused_numbers = {"+33600000001"}
    alerts.bring(people(3))
    alerts.send()
    counts = alerts.wait(accepted=2, failed=1)
    assert counts.queued == 0
    assert alerts.show().deliveries[1].error == "NumberRefused"


def test_states_follow_the_modem_daemon(alerts, scripted_modem, people) -> None:
    scripted_modem.script = [SegmentState.CLAIMED, SegmentState.UNCERTAIN]
    alerts.bring(people(1))
    alerts.send()
    alerts.wait(uncertain=1)
    (key,) = scripted_modem.handed
    scripted_modem.move(key, SegmentState.DELIVERED)
    alerts.wait(uncertain=0, delivered=1)


def test_the_newest_alert_is_answered_unless_the_code_names_another(alerts, scripted_modem, people) -> None:
    alerts.bring(people(3))
    first = alerts.send(request_id="r1").campaign
    alerts.wait(1, delivered=3)
    second = alerts.send("tous", "r2").campaign
    alerts.wait(2, delivered=3)
    assert "Code" not in first.text
    assert second.text.endswith(" Code 2.")
    scripted_modem.reply("+33600000000", "1")
    scripted_modem.reply("+33600000001", "OK 1")
    scripted_modem.reply("+33600000002", "OK 9")
    alerts.wait(2, acknowledged=1)
    alerts.wait(1, acknowledged=1)
    assert alerts.show(2).deliveries[0].answer is a.Answer.ACKNOWLEDGED
    assert alerts.show(1).deliveries[1].answer is a.Answer.ACKNOWLEDGED


def test_the_code_is_there_only_for_people_who_still_owe_an_answer(alerts, scripted_modem) -> None:
    alerts.bring("Nom;Portable;Listes\nA;0611111111;Élus\n")
    assert "Code" not in alerts.send(request_id="r1").campaign.text
    assert alerts.call(a.PREVIEW, a.PreviewParams(scenario="crue")).text.endswith(" Code 2.")
    alerts.wait(delivered=1)
    scripted_modem.reply("+33611111111", "1")
    alerts.wait(acknowledged=1)
    assert "Code" not in alerts.send(request_id="r2").campaign.text


def test_an_answer_is_about_the_alert_that_left_the_box(alerts, scripted_modem, people) -> None:
    alerts.bring(people(1))
    alerts.send(request_id="r1")
    alerts.wait(1, delivered=1)
    scripted_modem.script = [SegmentState.QUEUED]
    alerts.send(request_id="r2")
    scripted_modem.wait_handed(2)
    scripted_modem.reply("+33600000000", "OK")
    alerts.wait(1, acknowledged=1)
    assert alerts.counts(2).acknowledged == 0


def test_without_a_modem_daemon_the_alert_waits_and_says_so(alerts, scripted_modem, people) -> None:
    scripted_modem.stop()
    alerts.bring(people(5))
    alerts.send()
    assert alerts.counts().queued == 5
    alerts.wait_issues("degraded", "alerts.modem_unreachable")
    scripted_modem.start()
    alerts.wait(delivered=5)
    alerts.wait_issues("ok")


def test_a_list_nobody_is_on_is_an_issue(alerts, scripted_modem) -> None:
    alerts.bring("Nom;Portable;Listes\nA;0611111111;Elsu\n")
    status = alerts.call(STATUS, NoParams())
    assert [(issue.id, issue.data) for issue in status.issues if issue.id != "alerts.modem_unreachable"] == [
        ("alerts.list_empty", {"list": "Élus", "scenario": "crue"})
    ]


def test_five_thousand_people_are_accepted_within_a_second(alerts, people) -> None:
    """A second of the processor, which others that want it do not make longer."""
    alerts.bring(people(5000))
    pid = alerts.root.running["alerts"].process.pid
    begun = cpu_s(pid)
    result = alerts.send()
    assert result.campaign.counts.people == 5000
    accepted = cpu_s(pid)
    assert accepted - begun < 1.0
    assert len(alerts.show().deliveries) == 5000
    assert cpu_s(pid) - accepted < 2.0


def test_watchers_hear_at_most_five_times_a_second(alerts, scripted_modem, people) -> None:
    alerts.bring(people(300))

    async def watch() -> tuple[int, float]:
        updates, began = 0, time.monotonic()
        path = alerts.root.paths.socket("alerts")
        async with Client(a.ALERTS, path) as client:
            params = a.SendParams(scenario="crue", request_id="r", actor=ACTOR)
            await call_once(a.ALERTS, path, a.SEND, params)
            async for state in client.watch(a.WATCH, NoParams()):
                updates += 1
                if state.campaigns and state.campaigns[0].counts.delivered == 300:
                    return updates, time.monotonic() - began
        raise AssertionError("the stream ended")

    updates, took = asyncio.run(asyncio.wait_for(watch(), 60))
    assert updates <= 2 + took * 5


def test_a_watcher_hears_of_a_new_alert_at_once_even_without_a_modem(alerts, people) -> None:
    alerts.bring(people(2))

    async def watch() -> int:
        path = alerts.root.paths.socket("alerts")
        async with Client(a.ALERTS, path) as client:
            stream = client.watch(a.WATCH, NoParams())
            assert (await anext(stream)).campaigns == []
            await call_once(a.ALERTS, path, a.SEND, a.SendParams(scenario="crue", request_id="r", actor=ACTOR))
            return (await anext(stream)).campaigns[0].number

    assert asyncio.run(asyncio.wait_for(watch(), 30)) == 1


def test_an_accepted_alert_survives_a_kill_at_once(alerts, people) -> None:
    alerts.bring(people(50))
    for turn in range(1, 6):
        alerts.send(request_id=f"r{turn}")
        alerts.root.running["alerts"].kill()
        alerts.root.start("alerts")
        assert [x.number for x in alerts.call(a.CAMPAIGNS, NoParams()).campaigns] == list(range(turn, 0, -1))
        assert alerts.counts(turn).people == 50
        assert alerts.send(request_id=f"r{turn}").repeated


def test_the_journal_says_who_what_when_and_cannot_be_rewritten(alerts, scripted_modem, people) -> None:
    alerts.bring(people(1))
    campaign = alerts.send().campaign
    alerts.wait(delivered=1)
    scripted_modem.reply("+33600000000", "Tout va bien")
    scripted_modem.reply("+33600000000", "1")
    alerts.wait(acknowledged=1)
    db = sqlite3.connect(alerts.root.paths.state("alerts") / "alerts.db")
    entries = [(kind, json.loads(data)) for kind, data in db.execute("SELECT kind, data FROM journal ORDER BY id")]
    assert [kind for kind, _ in entries] == ["import", "campaign", "information", "answer"]
    assert entries[1][1]["text"] == campaign.text
    assert entries[1][1]["actor"] == {"user": "agent", "role": "operator", "via": "web"}
    assert entries[1][1]["contacts_version"] == 1
    assert entries[2][1]["text"] == "Tout va bien"
    for statement in ("UPDATE journal SET kind = 'x'", "DELETE FROM journal", "DELETE FROM inbound"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            db.execute(statement)
    db.close()


def test_no_number_stands_in_the_logs(alerts, scripted_modem, people) -> None:
    scripted_modem.refused_numbers = {"+33600000001"}
    alerts.bring(people(3) + "X;Y;06 12 34;\n")
    alerts.send()
    alerts.wait(delivered=2, failed=1)
    scripted_modem.reply("+33600000000", "1")
    alerts.wait(acknowledged=1)
    alerts.root.running["alerts"].stop()
    assert "60000" not in (alerts.root.folder / "alerts.log").read_text()


def test_another_user_is_refused(alerts, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to become another user")
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from edge.shared.messages import alerts as a; from edge.shared.varlink import CallFailed, call_once\n"
        "from edge.shared.varlink_idl import NoParams\n"
        "try:\n    asyncio.run(call_once(a.ALERTS, Path(sys.argv[1]), a.CAMPAIGNS, NoParams()))\n"
        "except CallFailed as failed:\n    print(failed.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(alerts.root.paths.socket("alerts"))],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd="/",
    )
    assert done.stdout.strip() == "PermissionDenied", done.stderr


def test_it_starts_alone_with_nothing_and_ends_cleanly(root: LocalRoot) -> None:
    root.write_site("")
    daemon = root.start("alerts")
    alerts = Alerts(root)
    assert alerts.call(a.SCENARIOS, NoParams()).scenarios == []
    assert alerts.call(STATUS, NoParams()).daemon == "alerts"
    assert daemon.stop() == 0


def test_it_ends_cleanly_while_it_is_watched(alerts: Alerts) -> None:
    async def watch() -> int:
        async with Client(a.ALERTS, alerts.root.paths.socket("alerts")) as client:
            stream = client.watch(a.WATCH, NoParams())
            await anext(stream)
            return await asyncio.to_thread(alerts.root.running["alerts"].stop)

    assert asyncio.run(watch()) == 0
    assert '"level": "error"' not in (alerts.root.folder / "alerts.log").read_text()
