"""Values of options, refused in words."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from edge.cli.words import _


def count_up_to(most: int) -> Callable[[str], int]:
    """An argparse type: a whole number from 1 to most."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(_("de 1 à {most}").format(most=most))
        return int(text)

    return read
