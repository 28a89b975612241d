"""The settings in force, where pages can read the newest."""

from __future__ import annotations

from edge.shared.model import Site


class InForce:
    """Holds the site's settings; main replaces them when they change."""

    def __init__(self, site: Site) -> None:
        self.site = site

    @property
    def url(self) -> str:
        """The address people type."""
        web = self.site.web
        return web.base_url or f"http://{web.address}:{web.port}"
