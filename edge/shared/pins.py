"""PIN records: `repli web pin set` writes them as root, web reads them at each login. Only salted scrypt hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import pwd
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.shared.daemons import DAEMONS
from edge.shared.messages.common import Role
from edge.shared.paths import Paths
from edge.shared.storage import DocumentDamaged, write_durably

LENGTH_MIN = 4
LENGTH_MAX = 12

# RFC 7914: 16 MiB and some 50 ms on a Raspberry Pi 4. What protects a short PIN is the limit on attempts; this
# protects the file.
SCRYPT_N = 2**14
SCRYPT_R = 8
SCRYPT_P = 1

Owner: TypeAlias = tuple[int, int]


class PinRefused(Exception):
    """This PIN may not be used; kind is digits, length, trivial or taken."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class PinRecord(BaseModel):
    """One role's PIN, hashed; the cost is kept so that it may be raised later."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    salt: str
    hash: str
    n: int = SCRYPT_N
    r: int = SCRYPT_R
    p: int = SCRYPT_P

    def fits(self, pin: str) -> bool:
        """Whether this is the PIN. Costs one scrypt."""
        return hmac.compare_digest(_scrypt(pin, bytes.fromhex(self.salt), self.n, self.r, self.p).hex(), self.hash)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    pins: dict[Role, PinRecord] = {}


def verify_pin(pin: str) -> None:
    """Raises PinRefused unless the PIN has 4 to 12 digits and is none of those everybody tries first."""
    if not (pin.isascii() and pin.isdigit()):
        raise PinRefused("digits")
    if not LENGTH_MIN <= len(pin) <= LENGTH_MAX:
        raise PinRefused("length")
    if _trivial(pin):
        raise PinRefused("trivial")


@dataclass(frozen=True)
class PinFile:
    """The file of PINs. Whoever may write the folder may set them; nobody can read them back."""

    path: Path

    @classmethod
    def of(cls, paths: Paths) -> PinFile:
        """The file web reads."""
        return cls(paths.state("web") / "pins.json")

    def roles(self) -> frozenset[Role]:
        """Roles that have a PIN. Raises DocumentDamaged, OSError."""
        return frozenset(self._read().pins)

    def role_of(self, pin: str) -> Role | None:
        """Whose PIN this is; takes as long when it is nobody's. Raises DocumentDamaged, OSError."""
        fitting = [role for role, record in self._read().pins.items() if record.fits(pin)]
        return fitting[0] if fitting else None

    def set(self, role: Role, pin: str) -> None:
        """Set a role's PIN, durably; a file that cannot be read is replaced. Raises PinRefused, OSError."""
        verify_pin(pin)
        try:
            pins = dict(self._read().pins)
        except DocumentDamaged:
            pins = {}  # what it held cannot be known; the PIN being set is the repair
        if any(record.fits(pin) for other, record in pins.items() if other is not role):
            raise PinRefused("taken")
        salt = secrets.token_bytes(16)
        digest = _scrypt(pin, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
        pins[role] = PinRecord(salt=salt.hex(), hash=digest.hex())
        self._make_folder()
        content = json.dumps(_Document(pins=pins).model_dump(mode="json")).encode()
        write_durably(self.path, content, mode=0o600, owner=_web_user())

    def _make_folder(self) -> None:
        if self.path.parent.is_dir():
            return
        self.path.parent.mkdir(parents=True, mode=0o750)
        owner = _web_user()
        if owner is not None:
            os.chown(self.path.parent, *owner)

    def _read(self) -> _Document:
        try:
            return _Document.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return _Document()
        except ValidationError as error:
            raise DocumentDamaged(self.path, f"{error.error_count()} faults") from error


def _web_user() -> Owner | None:
    """Whom a file written by root is given to: the user web runs as, where there is one."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(DAEMONS["web"].user)
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid


def _scrypt(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)


def _trivial(pin: str) -> bool:
    """One digit or one pair over and over (0000, 1212), or a straight run either way (1234, 7890, 4321)."""
    if pin == (pin[:2] * len(pin))[: len(pin)]:
        return True
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    return steps in ({1}, {9})
