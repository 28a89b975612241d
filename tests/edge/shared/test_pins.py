"""PINs: what may be one, that only hashes are kept, and who gets the file."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from edge.shared.messages.common import Role
from edge.shared.pins import PinFile, PinRefused, verify_pin
from edge.shared.storage import DocumentDamaged


@pytest.mark.parametrize(
    ("pin", "kind"),
    [
        ("", "digits"),
        ("12a4", "digits"),
        ("٣١٤١", "digits"),  # digits elsewhere, not on a PIN pad
        ("831", "length"),
        ("8315926535897", "length"),
        ("0000", "trivial"),
        ("1234", "trivial"),
        ("7890", "trivial"),
        ("4321", "trivial"),
        ("121212", "trivial"),
    ],
)
def test_bad_pins_are_refused_with_the_reason(pin: str, kind: str):
    with pytest.raises(PinRefused) as refused:
        verify_pin(pin)
    assert refused.value.kind == kind


@pytest.mark.parametrize("pin", ["2580", "8315", "1123", "831592653589"])
def test_good_pins_pass(pin: str):
    verify_pin(pin)


def test_a_pin_opens_for_its_role_only_and_is_not_in_the_file(tmp_path: Path):
    file = PinFile(tmp_path / "pins.json")
    assert file.roles() == frozenset()
    assert file.role_of("2580") is None
    file.set(Role.OPERATOR, "2580")
    file.set(Role.TECHNICIAN, "831592")
    assert file.roles() == {Role.OPERATOR, Role.TECHNICIAN}
    assert file.role_of("2580") is Role.OPERATOR
    assert file.role_of("831592") is Role.TECHNICIAN
    assert file.role_of("2581") is None
    content = file.path.read_text()
    assert "2580" not in content.replace('"n":16384', "")
    assert "831592" not in content


def test_a_new_pin_replaces_the_old_one(tmp_path: Path):
    file = PinFile(tmp_path / "pins.json")
    file.set(Role.OPERATOR, "2580")
    file.set(Role.OPERATOR, "9371")
    assert file.role_of("2580") is None
    assert file.role_of("9371") is Role.OPERATOR


def test_two_roles_cannot_share_a_pin(tmp_path: Path):
    file = PinFile(tmp_path / "pins.json")
    file.set(Role.OPERATOR, "2580")
    with pytest.raises(PinRefused) as refused:
        file.set(Role.TECHNICIAN, "2580")
    assert refused.value.kind == "taken"
    assert file.roles() == {Role.OPERATOR}


def test_the_file_is_private_and_given_to_the_user_of_web(tmp_path: Path):
    file = PinFile(tmp_path / "var" / "web" / "pins.json")
    file.set(Role.OPERATOR, "2580")
    status = file.path.stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    if os.geteuid() == 0:
        user = pwd.getpwnam("repli-web")
        assert (status.st_uid, status.st_gid) == (user.pw_uid, user.pw_gid)
        assert file.path.parent.stat().st_uid == user.pw_uid


def test_a_damaged_file_is_said_and_not_taken_for_empty(tmp_path: Path):
    file = PinFile(tmp_path / "pins.json")
    file.path.write_text('{"pins": {"operator": ')
    with pytest.raises(DocumentDamaged):
        file.roles()
    file.set(Role.OPERATOR, "2580")  # setting one is the repair
    assert file.role_of("2580") is Role.OPERATOR
