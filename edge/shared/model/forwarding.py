"""Forwarding of an extension's calls."""

from __future__ import annotations

from pydantic import Field

from edge.shared.model.base import Section
from edge.shared.model.numbering import SipUser


class Forward(Section):
    """Where the calls of an extension go instead: an extension, a hunt group, or a number outside as one would dial it."""

    always: SipUser | None = Field(None, description="Every call, without ringing")
    busy: SipUser | None = Field(None, description="When the phone is busy or refuses the call")
    no_answer: SipUser | None = Field(None, description="When nobody answers, or no phone is registered")
    after_s: int = Field(20, ge=3, le=120, description="How long it rings before nobody answers")
