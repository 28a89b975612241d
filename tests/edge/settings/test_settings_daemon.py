"""The settings daemon itself: a real process, its file edited, killed and restarted."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable

import pytest

from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.settings import (
    APPLY,
    CHECK,
    CONFIRM,
    GET,
    SCHEMA,
    SETTINGS,
    ApplyParams,
    CheckResult,
    DocumentParams,
    Revision,
)
from edge.shared.section import SettingsSource
from edge.shared.varlink import CallFailed, call_once
from edge.shared.varlink_idl import NoParams
from hil.rig.daemon import LocalRoot, NotReady

ONE = '# kept as written\n[site]\nname = "Un"\n'
TWO = '[site]\nname = "Deux"\n'
WRONG = '[site]\nname = 3\nnam = "x"\n'


@pytest.fixture
def box(root: LocalRoot) -> LocalRoot:
    root.write_site(ONE)
    root.start("settings")
    return root


def get(box: LocalRoot) -> Revision:
    return asyncio.run(call_once(SETTINGS, box.paths.socket("settings"), GET, NoParams()))


def status(box: LocalRoot) -> DaemonStatus:
    return asyncio.run(call_once(SETTINGS, box.paths.socket("settings"), STATUS, NoParams()))


def apply(box: LocalRoot, document: str, request_id: str = "r", within: int | None = None) -> Revision:
    params = ApplyParams(document=document, request_id=request_id, confirm_within_s=within)
    return asyncio.run(call_once(SETTINGS, box.paths.socket("settings"), APPLY, params))


def issue_ids(box: LocalRoot) -> set[str]:
    return {issue.id for issue in status(box).issues}


def eventually(check: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def site_text(box: LocalRoot) -> str:
    return box.paths.site_file.read_text()


def test_the_file_is_the_first_revision(box: LocalRoot) -> None:
    revision = get(box)
    assert (revision.revision, revision.author, revision.document) == (1, "file", ONE)
    assert revision.settings == {"site": {"name": "Un"}}
    assert status(box).state == "ok"


def test_apply_writes_the_file_as_given_and_once_per_request(box: LocalRoot) -> None:
    assert apply(box, TWO).revision == 2
    assert site_text(box) == TWO
    assert box.paths.site_file.stat().st_mode & 0o777 == 0o640
    assert apply(box, TWO).revision == 2
    with pytest.raises(CallFailed, match="RequestIdReused"):
        apply(box, ONE)


def test_a_wrong_document_changes_nothing_and_names_every_fault(box: LocalRoot) -> None:
    with pytest.raises(CallFailed) as caught:
        apply(box, WRONG)
    assert caught.value.name == "SettingsFaulty"
    assert {fault["path"] for fault in caught.value.parameters["faults"]} == {"site.name", "site.nam"}
    assert site_text(box) == ONE
    assert get(box).revision == 1


def test_check_touches_nothing(box: LocalRoot) -> None:
    async def check(document: str) -> CheckResult:
        return await call_once(SETTINGS, box.paths.socket("settings"), CHECK, DocumentParams(document=document))

    assert [fault.path for fault in asyncio.run(check(WRONG)).faults] == ["site.name", "site.nam"]
    assert asyncio.run(check(TWO)).faults == []
    assert get(box).revision == 1


def test_an_edited_file_is_taken(box: LocalRoot) -> None:
    box.write_site(TWO)
    eventually(lambda: get(box).document == TWO)
    assert get(box).author == "file"


def test_a_wrong_edit_is_an_issue_and_the_revision_before_stays(box: LocalRoot) -> None:
    box.write_site(WRONG)
    eventually(lambda: "settings.file_refused" in issue_ids(box))
    assert get(box).document == ONE
    assert site_text(box) == WRONG  # what a person wrote is not thrown away
    box.write_site(ONE)
    eventually(lambda: not issue_ids(box))


def test_a_wrong_file_at_start_leaves_the_last_known_good_in_force(box: LocalRoot) -> None:
    box.running["settings"].kill()
    box.write_site("this is no TOML")
    box.start("settings")
    assert get(box).document == ONE
    assert issue_ids(box) == {"settings.file_refused"}


@pytest.mark.parametrize("emptied", ["", "# nothing but a comment\n"])
def test_an_emptied_file_is_no_wish(box: LocalRoot, emptied: str) -> None:
    box.write_site(emptied)
    eventually(lambda: "settings.file_refused" in issue_ids(box))
    assert get(box).document == ONE
    box.running["settings"].kill()
    box.start("settings")
    assert get(box).document == ONE
    assert issue_ids(box) == {"settings.file_refused"}


def test_a_daemon_alone_keeps_its_last_known_good_when_the_file_is_emptied(root: LocalRoot) -> None:
    source = SettingsSource(root.paths, "web")
    root.write_site("[web]\nport = 8099\n")
    assert source.load().web.port == 8099
    root.write_site("")
    assert source.load().web.port == 8099
    assert [fault.kind for fault in source.refused] == ["emptied"]


def test_without_a_last_known_good_a_wrong_file_is_refused_whole(root: LocalRoot) -> None:
    root.write_site(WRONG)
    with pytest.raises(NotReady, match=r"exit 78(.|\n)*site\.name(.|\n)*site\.nam"):
        root.start("settings")


def test_without_a_file_it_says_so(root: LocalRoot) -> None:
    with pytest.raises(NotReady, match=r"site\.toml: cannot be read"):
        root.start("settings")


def test_a_confirmed_revision_stays(box: LocalRoot) -> None:
    assert apply(box, TWO, within=10).confirm_by is not None
    assert "settings.waiting_confirmation" in issue_ids(box)
    asyncio.run(call_once(SETTINGS, box.paths.socket("settings"), CONFIRM, NoParams()))
    assert issue_ids(box) == set()
    with pytest.raises(CallFailed, match="NothingToConfirm"):
        asyncio.run(call_once(SETTINGS, box.paths.socket("settings"), CONFIRM, NoParams()))


def test_unconfirmed_the_revision_before_comes_back_across_a_kill(box: LocalRoot) -> None:
    apply(box, TWO, within=10)
    box.running["settings"].kill()
    box.start("settings")
    assert get(box).document == TWO
    eventually(lambda: get(box).author == "rollback", 20)
    assert get(box).document == ONE
    assert site_text(box) == ONE


def test_a_deadline_that_passed_while_the_box_was_off_is_kept(box: LocalRoot) -> None:
    apply(box, TWO, within=10)
    box.running["settings"].kill()
    book_file = box.paths.state("settings") / "revisions.json"  # as if this had been long ago
    book, changed = re.subn(r'("confirm_by": *")[^"]+', r"\g<1>2020-01-01T00:00:00Z", book_file.read_text())
    assert changed == 1
    book_file.write_text(book)
    box.start("settings")
    assert (get(box).document, get(box).author) == (ONE, "rollback")


def test_killed_between_book_and_file_the_file_follows(box: LocalRoot) -> None:
    apply(box, TWO)
    box.running["settings"].kill()
    # The instant between the two writes: the book has the new revision, the file and its digest are the old ones.
    book_file = box.paths.state("settings") / "revisions.json"
    book_file.write_bytes(book_file.with_name("revisions.json.good").read_bytes())
    box.write_site(ONE)
    box.start("settings")
    assert site_text(box) == TWO
    assert (get(box).document, get(box).author) == (TWO, "root")


def test_a_damaged_book_gives_its_last_good_copy_and_an_issue(box: LocalRoot) -> None:
    apply(box, TWO)
    box.running["settings"].kill()
    (box.paths.state("settings") / "revisions.json").write_bytes(b"{")
    box.start("settings")
    assert "settings.copy_used" in issue_ids(box)
    assert get(box).document == TWO


def test_a_damaged_book_without_good_copy_is_never_replaced(box: LocalRoot) -> None:
    apply(box, TWO)
    box.running["settings"].kill()
    folder = box.paths.state("settings")
    for name in ("revisions.json", "revisions.json.good"):
        (folder / name).write_bytes(b"{")
    with pytest.raises(NotReady, match="exit 78"):
        box.start("settings")
    assert (folder / "revisions.json").read_bytes() == b"{"


def test_the_published_schema_is_served(box: LocalRoot) -> None:
    served = asyncio.run(call_once(SETTINGS, box.paths.socket("settings"), SCHEMA, NoParams())).json_schema
    assert json.dumps(served["properties"]).count("Section") >= 6
