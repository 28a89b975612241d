"""What all sections share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Section(BaseModel):
    """A part of the settings document. Unknown keys are refused: a typo must not silently mean the default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
InterfaceName = Annotated[str, StringConstraints(pattern=r"^[^\s/:]{1,15}$")]  # IFNAMSIZ - 1
DevicePath = Annotated[str, StringConstraints(pattern=r"^/.+")]


def unique(values: list[str]) -> str | None:
    """The first value that stands twice, or None."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
