"""What can be made to go wrong with the modem: armed through the control socket or the option --arm."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class Armed:
    """Numbers of times are used up one by one; what is yes or no, or a probability, stays until it is cleared."""

    # Once the network has the part.
    lost_answer: int = 0  # no +CMGS ever
    error_500_accepted: int = 0  # answered +CMS ERROR: accepted_code
    accepted_code: int = 500  # 41, 42 and 332 mean as little
    late_answer: int = 0  # +CMGS comes late_answer_s later than it should
    hang_accepted: int = 0  # answers nothing from then on
    usb_reset_accepted: int = 0  # the port vanishes and comes back, the modem itself goes on
    vanish_accepted: int = 0  # the firmware crashes: gone for vanish_s, then starts anew
    power_cut_accepted: int = 0  # off for power_cut_s
    # While the network does not have it.
    vanish_before: int = 0
    power_cut_before: int = 0
    refuse: int = 0  # answered +CMS ERROR: refuse_code
    refuse_code: int = 38
    refuse_as_cme: bool = False  # +CME ERROR: refuse_code, as some makes answer AT+CMGS without a network
    # At the prompt.
    lost_prompt: int = 0  # waits for the text without saying so
    late_prompt: int = 0  # after late_prompt_s
    # Until cleared; a power-up ends a hang.
    hang: bool = False  # reads, answers nothing
    noise: float = 0.0  # probability of an unsolicited line at each place where one is legal
    garbage: float = 0.0  # probability of octets that mean nothing, at the same places
    pieces: int = 0  # says at most so many octets at a time; 0: everything at once
    vanish_s: float = 0.3
    power_cut_s: float = 0.5
    late_prompt_s: float = 1.0
    late_answer_s: float = 3.0

    def arm(self, name: str, value: float) -> None:
        """Set one. Raises ValueError."""
        names = [field.name for field in fields(self)]
        if name not in names:
            raise ValueError(f"no fault {name}; there are {', '.join(names)}")
        setattr(self, name, type(getattr(self, name))(value))

    def take(self, name: str) -> bool:
        """Whether this fault strikes now; it is used up by one."""
        left = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return bool(left > 0)

    def clear(self) -> None:
        """All well again."""
        self.__init__()  # type: ignore[misc]  # the defaults are all well
