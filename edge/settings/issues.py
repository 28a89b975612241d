"""The known faults of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from edge.settings.keeper import InForce, Keeper
from edge.shared.clock import utc_text
from edge.shared.messages.common import Issue

Found = tuple[str, dict[str, str]]  # id and data


class Issues:
    """Remembers since when each issue is there."""

    def __init__(self) -> None:
        self._since: dict[str, str] = {}

    def now(self, keeper: Keeper, state: InForce) -> list[Issue]:
        """Every issue that is there now."""
        found = dict(_found(keeper, state))
        moment = utc_text(keeper.clock.now())
        self._since = {name: self._since.get(name, moment) for name in found}
        return [Issue(id=name, data=data, since=self._since[name]) for name, data in found.items()]


def _found(keeper: Keeper, state: InForce) -> Iterator[Found]:
    path = str(keeper.paths.site_file)
    if state.refused:
        faults = "; ".join(fault.text for fault in state.refused)
        yield "settings.file_refused", {"path": path, "faults": faults, "count": str(len(state.refused))}
    if keeper.write_error:
        yield "settings.file_not_written", {"path": path, "reason": keeper.write_error}
    if keeper.keep_error:
        yield "settings.not_kept", {"reason": keeper.keep_error}
    if keeper.file.recovered:
        yield "settings.copy_used", {"path": str(keeper.file.path)}
    current = keeper.book.current
    if current is not None and current.revision != state.entry.revision:
        yield "settings.revision_refused", {"revision": str(current.revision), "used": str(state.entry.revision)}
    if keeper.book.pending is not None:
        yield "settings.waiting_confirmation", {"confirm_by": utc_text(keeper.book.pending.confirm_by)}
