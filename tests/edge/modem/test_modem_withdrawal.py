"""Whatever happens to a message in whatever order: what is said to be withdrawn never leaves."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge.modem.sending.dispatch import Accepted, Claim, Job, NoLongerQueued
from edge.shared.messages.modem import Fate
from tests.edge.modem.dispatching import ANY, WINDOW, Desk

LONG = "Évacuez la rue haute, puis la place. " * 6  # two parts


class Life:
    """One modem and its outbox; each deed is what a session, a caller or a fault does."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.desk.ledger.connection.execute("PRAGMA synchronous=OFF")
        self.said: set[int] = set()
        self._job: Job | None = None
        self._claim: Claim | None = None
        self._count = 0

    def put(self, which: int) -> None:
        self._count += 1
        self.desk.put(f"{self._count}", f"+3361234567{which}")

    def put_long(self, which: int) -> None:
        self._count += 1
        self.desk.put(f"{self._count} {LONG}", f"+3361234567{which}")

    def reserve(self, _which: int) -> None:
        if self._claim is None:
            self._job = self.desk.dispatch.reserve("m1", "m1", ANY)

    def claim(self, _which: int) -> None:
        if self._job is not None:
            with contextlib.suppress(NoLongerQueued):
                self._claim = self.desk.dispatch.claim(self._job, "m1", "m1")
                assert self._job.message not in self.said
            self._let_go()

    def not_taken(self, _which: int) -> None:
        if self._job is not None:
            self.desk.dispatch.not_taken(self._job, "no prompt")
            self._let_go()

    def accepted(self, which: int) -> None:
        if self._claim is not None:
            self.desk.dispatch.submitted(Accepted(self._claim, which))
        self._claim = None

    def refused(self, _which: int) -> None:
        if self._claim is not None:
            self.desk.dispatch.refused(self._claim, "+CMS ERROR: 38", 38)
        self._claim = None

    def unknown(self, _which: int) -> None:
        if self._claim is not None:
            self.desk.dispatch.unknown(self._claim, "no +CMGS")
        self._claim = None

    def window(self, _which: int) -> None:
        self.desk.resend()
        self.desk.clock.advance(WINDOW.total_seconds())
        self.desk.resend()

    def kill(self, _which: int) -> None:
        self.desk.start()
        self.desk.settling.recover()
        self._job = self._claim = None

    def withdraw(self, which: int) -> None:
        for fate in self.desk.withdraw(which):
            if fate is Fate.WITHDRAWN:
                self.said.add(which)
            assert (fate is Fate.WITHDRAWN) == (which in self.said)
        tried = (
            "SELECT 1 FROM attempts a JOIN segments s ON s.id = a.segment WHERE s.message = ? AND outcome != 'refused'"
        )
        assert which not in self.said or not self.desk.ledger.read(tried, which)

    def _let_go(self) -> None:
        self._job = None
        self.desk.dispatch.release("m1")


DEEDS = [name for name in vars(Life) if not name.startswith("_")]


@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 3)), min_size=20, max_size=60))
def test_whatever_happens_what_is_said_to_be_withdrawn_never_leaves(deeds: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        life.put(1)
        life.put_long(2)
        for deed, which in deeds:
            life.desk.clock.advance(4)
            getattr(life, deed)(which)
        life.desk.ledger.close()
