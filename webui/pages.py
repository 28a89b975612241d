"""Makes pages: Jinja2 with the site's language, and what every page shows (clock, site, help number, since when)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edge.shared.clock import Clock
from edge.shared.model import Language
from webui.box import Box
from webui.level import level_of
from webui.sessions import Session
from webui.settings import InForce
from webui.words import Words

TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders templates. Language and site are those in force at that moment."""

    def __init__(self, settings: InForce, box: Box, clock: Clock) -> None:
        self.settings = settings
        self.box = box
        self.clock = clock
        self._words = {language: Words(language) for language in Language}
        self._environments = {language: _environment(words) for language, words in self._words.items()}

    @property
    def words(self) -> Words:
        """Words of the site's language."""
        return self._words[self.settings.site.site.language]

    def page(
        self, request: Request, template: str, *, status: int = 200, person: Session | None = None, **context: Any
    ) -> HTMLResponse:
        """A whole page."""
        return HTMLResponse(self._render(template, path=request.url.path, person=person, **context), status)

    def fragment(self, template: str, **context: Any) -> str:
        """A part of a page, for a live stream."""
        return self._render(template, **context).strip()

    def _render(self, template: str, **context: Any) -> str:
        words = self.words
        site = self.settings.site.site
        common: dict[str, Any] = {
            "words": words,
            "site": site,
            "now": self.clock.now(),
            "level": level_of(self.box.snapshot, words),
            "exercise": False,
            "stream": None,
        }
        return self._environments[site.language].get_template(template).render({**common, **context})


def _environment(words: Words) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install = environment.install_gettext_callables  # type: ignore[attr-defined]  # added by the extension
    install(words.gettext, words.ngettext, newstyle=True)
    return environment
