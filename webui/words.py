"""Words of the pages: French source strings, English from webui/locale; numbers and times as each language writes them."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_decimal

from edge.shared.locale import translations
from edge.shared.messages.common import Actor, Role
from edge.shared.model import Language

LOCALE = Path(__file__).parent / "locale"

# Imprimerie nationale's rules: a thin no-break space before ; ! ?, a no-break space before : and within « ».
_TYPOGRAPHY = (
    (re.compile(r" ([;!?])"), "\u202f\\1"),
    (re.compile(r" ([:»])"), "\u00a0\\1"),
    (re.compile(r"« "), "«\u00a0"),
    (re.compile(r"n° "), "n°\u00a0"),
    (re.compile(r"(\d|%\(num\)s) (?=\w)"), "\\1\u00a0"),
)


def mark(text: str) -> str:
    """Mark a source string for translation where a table holds it; Words translates it when it is shown."""
    return text


ROLES: dict[str, str] = {Role.OPERATOR: mark("Agent"), Role.TECHNICIAN: mark("Technicien")}


def french_spaces(text: str) -> str:
    """Put no-break spaces where French needs them, so that no line starts with a colon or ends with a bare number."""
    for pattern, replacement in _TYPOGRAPHY:
        text = pattern.sub(replacement, text)
    return text


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._translations = translations(LOCALE, language.value)

    def __call__(self, text: str, /, **data: object) -> str:
        """Translate a source string and fill in %(name)s from data."""
        return self._spaced(self._translations.gettext(text)) % data

    def plural(self, one: str, many: str, num: int, /, **data: object) -> str:
        """Translate with the number's form; %(num)s is the number. In French, 0 and 1 take the singular."""
        if self.language is Language.FR:
            text = one if abs(num) < 2 else many
        else:
            text = self._translations.ngettext(one, many, num)
        return self._spaced(text) % {"num": self.number(num), **data}

    def number(self, value: int) -> str:
        """1 240 in French, 1,240 in English."""
        return format_decimal(value, locale=self.language.value)

    def clock(self, at: datetime | str) -> str:
        """Hours and minutes on the site's wall clock."""
        return _local(at).strftime("%H:%M")

    def clock_seconds(self, at: datetime | str) -> str:
        """Hours, minutes and seconds on the site's wall clock."""
        return _local(at).strftime("%H:%M:%S")

    def day(self, at: datetime | str) -> str:
        """The day, e.g. dimanche 22 novembre."""
        return format_date(_local(at), "EEEE d MMMM", locale=self.language.value)

    def since(self, at: datetime | str, now: datetime) -> str:
        """Since when: 01:52, or with the day when it was not today."""
        local, today = _local(at), _local(now).date()
        if local.date() == today:
            return self("depuis %(time)s", time=self.clock(at))
        day = format_date(local, "d MMM", locale=self.language.value)
        return self("depuis le %(day)s à %(time)s", day=day, time=self.clock(at))

    def duration(self, minutes: float) -> str:
        """About how long, as a person would say it."""
        if minutes < 1:
            return self("moins d'une minute")
        if minutes < 90:
            return self.plural("environ %(num)s minute", "environ %(num)s minutes", round(minutes))
        return self.plural("environ %(num)s heure", "environ %(num)s heures", round(minutes / 60))

    def who(self, actor: Actor) -> str:
        """The person who acted: a role of the pages, or a user of the command line."""
        label = ROLES.get(actor.user)
        return self(label) if label else actor.user

    def gettext(self, text: str) -> str:
        """For the templates: translated, spaced, not yet filled in."""
        return self._spaced(self._translations.gettext(text))

    def ngettext(self, one: str, many: str, num: int) -> str:
        """For the templates: the number's form, not yet filled in."""
        if self.language is Language.FR:
            return self._spaced(one if abs(num) < 2 else many)
        return self._translations.ngettext(one, many, num)

    def _spaced(self, text: str) -> str:
        return french_spaces(text) if self.language is Language.FR else text


def _local(at: datetime | str) -> datetime:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone()
