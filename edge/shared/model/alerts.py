"""Section alerts: ready scenarios and the rules of reminding."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from edge.shared.model.base import Broken, Given, Section, Slug, duplicates

VARIABLES = ("site", "time")


class Scenario(Section):
    """A text ready to be sent to lists of contacts."""

    id: Slug = Field(description="Short name for the command line")
    title: str = Field(min_length=1, max_length=60, description="What the button says, e.g. Inondation")
    text: str = Field(
        min_length=1,
        max_length=1000,
        description="The message; {site} and {time} are filled in when it is sent",
    )
    lists: list[str] = Field([], description="Lists of contacts; none: everybody")
    reminder_after_s: float | None = Field(None, gt=0, le=86_400, description="Absent: the section's")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Only known variables stand in the text: a misspelt one would reach every phone as it is."""
        for name in re.findall(r"\{(\w+)\}", str(given.get("text") or "")):
            if name not in VARIABLES:
                reason = f"there is no variable {name}, only {', '.join(VARIABLES)}"
                yield Broken(("text",), "unknown_reference", reason, {"value": f"{{{name}}}"})


class AlertsSection(Section):
    """Scenarios, reminders, and the country of national numbers."""

    scenarios: list[Scenario] = []
    reminder_after_s: float = Field(300.0, gt=0, le=86_400, description="Silence before the reminder")
    reminders: int = Field(1, ge=0, le=5, description="How many reminders a silent person gets")
    country_code: str = Field("33", pattern=r"^[1-9]\d{0,2}$", description="For numbers in national form (0612345678)")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Ids of scenarios are distinct."""
        yield from duplicates(given, "scenarios", "id")
