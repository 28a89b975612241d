"""Section web: where the pages are served."""

from __future__ import annotations

from ipaddress import IPv4Address

from pydantic import Field

from edge.shared.model.base import Section


class WebSection(Section):
    """Listen address of the pages and the address people type."""

    address: IPv4Address = Field(IPv4Address("127.0.0.1"), description="Address the pages listen on")
    port: int = Field(8080, ge=1, le=65535, description="Port the pages listen on")
    base_url: str = Field("", pattern=r"^(https?://[^\s/]+)?$", description="Absent: http://ADDRESS:PORT")
    session_h: float = Field(12.0, gt=0, le=72, description="How long a crisis session lasts")
