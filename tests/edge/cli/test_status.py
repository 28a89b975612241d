"""`repli status`: one sentence, a table, what to put right; and its exit codes."""

from __future__ import annotations

import json

from edge.cli.overview import Overview, Service
from edge.shared.messages.common import DaemonStatus, Issue, Severity
from hil.rig.daemon import LocalRoot


def service(name: str, *issues: str) -> Service:
    raised = [Issue(id=issue, since="") for issue in issues]
    return Service(name, True, None, DaemonStatus(daemon=name, state="ok", issues=raised))


def test_the_sentence() -> None:
    works = ["Internet par la fibre", "téléphones par l'opérateur", "SMS prêts"]
    well = Overview([service("uplinks"), service("voice")], works)
    assert well.sentence == "Tout va bien : Internet par la fibre, téléphones par l'opérateur, SMS prêts."
    one = Overview([service("uplinks", "uplinks.no_carrier")], ["Internet par le secours 4G"])
    assert one.sentence == "Un problème à régler : Internet par le secours 4G."
    two = Overview([service("uplinks", "uplinks.no_carrier"), Service("modem", False)], [])
    assert two.sentence == "2 problèmes à régler."
    assert (
        Overview([Service("modem", False)], ["SMS indisponibles"]).sentence == "Repli ne tourne pas sur cette machine."
    )


def test_what_is_only_good_to_know_is_no_trouble() -> None:
    known = Issue(id="uplinks.double_nat", since="", severity=Severity.INFO)
    status = DaemonStatus(daemon="uplinks", state="ok", issues=[known])
    well = Overview([Service("uplinks", True, None, status)], ["Internet par la fibre"])
    assert (well.trouble, well.sentence) == (0, "Tout va bien : Internet par la fibre.")


def test_status_of_a_box_that_does_not_run(root: LocalRoot) -> None:
    done = root.repli("status")
    assert (done.returncode, done.stdout.strip()) == (2, "Repli ne tourne pas sur cette machine.")
    assert json.loads(root.repli("status", "--json").stdout)["state"] == "stopped"


def test_status_of_a_box_with_an_issue(root: LocalRoot) -> None:
    root.write_site('[site]\nname = "Un"\n')
    daemon = root.start("settings")
    daemon.kill()
    root.write_site("[site]\nname = 3\n")
    root.start("settings")
    done = root.repli("status")
    assert done.returncode == 1
    assert "à surveiller" in done.stdout
    assert "site.name" in done.stdout  # the issue in words
    assert "Niveau de secours : inconnu." in done.stdout  # uplinks does not run
    assert "uplinks" in done.stdout  # without run.json every daemon is expected, as on the box
    fields = json.loads(root.repli("status", "--json").stdout)
    assert (fields["schema"], fields["state"], fields["level"]) == (1, "degraded", None)
    (settings,) = [entry for entry in fields["daemons"] if entry["name"] == "settings"]
    assert settings["running"]
    assert settings["issues"][0]["id"] == "settings.file_refused"
