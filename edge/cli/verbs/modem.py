"""repli modem: the modems, and SMS out and in. Each verb is a module of its own beside this folder."""

from __future__ import annotations

from edge.cli.main import Subjects
from edge.cli.modem_at import add_at
from edge.cli.modem_estimate import add_estimate
from edge.cli.modem_inbox import add_inbox
from edge.cli.modem_outbox import add_outbox
from edge.cli.modem_self_test import add_self_test
from edge.cli.modem_signal import add_signal
from edge.cli.modem_sim import add_sim
from edge.cli.modem_sms import add_sms
from edge.cli.modem_status import add_status
from edge.cli.modem_ussd import add_ussd
from edge.cli.words import _


def register(subjects: Subjects) -> None:
    """Add `repli modem` and its verbs."""
    verbs = subjects.add_parser("modem", help=_("les modems et les SMS")).add_subparsers(
        dest="action", required=True, metavar=_("ACTION")
    )
    add_status(verbs)
    add_signal(verbs)
    add_sim(verbs)
    add_self_test(verbs)
    add_sms(verbs)
    add_outbox(verbs)
    add_inbox(verbs)
    add_ussd(verbs)
    add_estimate(verbs)
    add_at(verbs)
