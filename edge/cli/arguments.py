"""Values of options, refused in words."""

from __future__ import annotations

import argparse
import getpass
import re
from collections.abc import Callable

from edge.cli.words import _
from edge.shared.messages.common import Actor, Role
from edge.shared.model.numbering import SIP_USER


def count_up_to(most: int) -> Callable[[str], int]:
    """An argparse type: a whole number from 1 to most."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(_("de 1 à {most}").format(most=most))
        return int(text)

    return read


_UNIT_SECONDS = {"m": 60, "h": 3600, "j": 86_400, "d": 86_400}


def duration_up_to(most_days: int) -> Callable[[str], int]:
    """An argparse type: 30m, 2h or 3j (3d), from one minute to so many days, as seconds."""

    def read(text: str) -> int:
        match = re.fullmatch("([0-9]{1,6})([mhjd])", text)
        seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
        if not 60 <= seconds <= most_days * 86_400:
            raise argparse.ArgumentTypeError(
                _("une durée comme 30m, 2h ou 3j, {most} jours au plus").format(most=most_days)
            )
        return seconds

    return read


def text_like(pattern: str, expected: str) -> Callable[[str], str]:
    """An argparse type: a text of this form, which expected says in words."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(expected)
        return text

    return read


def number_argument(text: str) -> str:
    """An argparse type: what may be dialled."""
    return text_like(SIP_USER, _("un numéro, sans espaces"))(text)


def line_up_to(most: int) -> Callable[[str], str]:
    """An argparse type: a text of one line and up to so many characters, none of which acts on a terminal."""

    def read(text: str) -> str:
        if not text.strip() or len(text) > most or not text.isprintable():
            raise argparse.ArgumentTypeError(_("une ligne de {most} caractères au plus").format(most=most))
        return text

    return read


def technician() -> Actor:
    """Whoever types: the command line is a technician's."""
    return Actor(user=getpass.getuser(), role=Role.TECHNICIAN)
