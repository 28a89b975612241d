"""What can be made to go wrong with the modem, armed through the control socket."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Armed:
    """How often each fault strikes from now on; a long hang is until it is cleared."""

    lost_answer: int = 0  # accepted and logged, no +CMGS ever
    error_500_accepted: int = 0  # accepted and logged, answered +CMS ERROR: 500
    lost_prompt: int = 0  # waits for the text without saying so
    refuse: int = 0  # not accepted, answered +CMS ERROR: refuse_code
    refuse_code: int = 38
    hang: bool = False  # reads, answers nothing

    def take(self, name: str) -> bool:
        """Whether this fault strikes now; it is used up by one."""
        left = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return bool(left > 0)

    def clear(self) -> None:
        """All well again."""
        self.__init__()  # type: ignore[misc]  # the defaults are all well
