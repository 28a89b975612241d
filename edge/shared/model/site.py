"""The whole document, and who the site is."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.model.alerts import AlertsSection
from edge.shared.model.base import Section
from edge.shared.model.modem import ModemSection
from edge.shared.model.uplinks import UplinksSection
from edge.shared.model.voice import VoiceSection
from edge.shared.model.web import WebSection


class Language(StrEnum):
    """Language of pages, messages and the command line."""

    FR = "fr"
    EN = "en"


class SiteSection(Section):
    """Who this box serves."""

    name: str = Field("Repli", min_length=1, max_length=60, description="Name of the site, shown on every page")
    help_number: str = Field("", max_length=30, description="Number to call for help with the box, shown on every page")
    language: Language = Field(Language.FR, description="Language of pages and the command line")


class Site(Section):
    """The settings document (site.toml). Every section may be absent."""

    site: SiteSection = SiteSection()
    uplinks: UplinksSection = UplinksSection()
    modem: ModemSection = ModemSection()
    voice: VoiceSection = VoiceSection()
    alerts: AlertsSection = AlertsSection()
    web: WebSection = WebSection()
