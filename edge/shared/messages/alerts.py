"""fr.repli.alerts: contacts, scenarios, campaigns and who confirmed."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.faults import Fault
from edge.shared.messages.common import STATUS, Actor
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, NoParams, Params


class ImportParams(Params):
    """The content of a CSV file (UTF-8 text, French headers, `;` or `,`)."""

    csv: str
    source: str = Field("", description="File name, for the journal")


class ImportResult(Message):
    """What became of the rows; faults name the line (path: line 7)."""

    added: int
    updated: int
    unchanged: int
    faults: list[Fault]


class ContactList(Message):
    """A list of contacts."""

    name: str
    contacts: int


class ListsResult(Message):
    """All lists; total counts each contact once."""

    lists: list[ContactList]
    total: int


class ScenarioInfo(Message):
    """A scenario as the settings have it."""

    id: str
    title: str
    text: str
    lists: list[str]


class ScenariosResult(Message):
    """All scenarios, in the order of the settings."""

    scenarios: list[ScenarioInfo]


class PreviewParams(Params):
    """Which scenario, and whether as an exercise."""

    scenario: str
    exercise: bool = False


class Preview(Message):
    """Exactly what would happen."""

    scenario: ScenarioInfo
    exercise: bool
    text: str = Field(description="As it would be sent, variables filled in")
    recipients: int
    without_number: int = Field(description="Contacts of the lists that no SMS can reach")
    segments_each: int
    encoding: str
    minutes: float = Field(description="Estimated time until the last person's message is handed over")


class SendParams(Params):
    """Start a campaign. The same request_id twice is once the deed."""

    scenario: str
    request_id: str = Field(min_length=1, max_length=200)
    exercise: bool = False
    actor: Actor


class DeliveryState(StrEnum):
    """Where one person's message is."""

    QUEUED = "queued"
    ACCEPTED = "accepted"  # the network took every part
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    FAILED = "failed"


class Answer(StrEnum):
    """What a person answered."""

    NONE = "none"
    ACKNOWLEDGED = "acknowledged"
    NEGATIVE = "negative"


class Delivery(Message):
    """One person in a campaign."""

    contact: str
    number: str | None
    state: DeliveryState
    answer: Answer
    answered_at: str | None = None
    answer_text: str | None = None
    reminders: int = 0
    maybe_dup: bool = False
    error: str | None = None


class Counts(Message):
    """Progress in people."""

    people: int
    queued: int
    accepted: int = Field(description="The network took the message (delivered ones included)")
    delivered: int
    uncertain: int
    failed: int
    acknowledged: int
    negative: int
    reminded: int
    silent: int = Field(description="Reached or being reached, no answer yet")


class Campaign(Message):
    """An alert in progress or over."""

    number: int
    scenario: str
    title: str
    exercise: bool
    text: str
    accepted_at: str
    actor: Actor
    request_id: str
    counts: Counts


class SendResult(Message):
    """The campaign, durably accepted."""

    campaign: Campaign
    repeated: bool = Field(description="True when this request_id was known: nothing new was started")


class ShowParams(Params):
    """Which campaign."""

    number: int


class ShowResult(Message):
    """One campaign, person by person."""

    campaign: Campaign
    deliveries: list[Delivery]


class CampaignsResult(Message):
    """Campaigns, newest first."""

    campaigns: list[Campaign]


class NoSuchScenario(ErrorReply):
    """The settings have no scenario with this id."""

    scenario: str


class NoSuchCampaign(ErrorReply):
    """No campaign has this number."""

    number: int


class NoRecipients(ErrorReply):
    """Nobody on the scenario's lists can be reached."""

    scenario: str


class RequestIdReused(ErrorReply):
    """This request_id stands for another scenario."""

    request_id: str


IMPORT = Method("Import", ImportParams, ImportResult, "Add or update contacts; faulty rows are named, good ones kept.")
LISTS = Method("Lists", NoParams, ListsResult, "All lists of contacts.")
SCENARIOS = Method("Scenarios", NoParams, ScenariosResult, "All scenarios.")
PREVIEW = Method("Preview", PreviewParams, Preview, "Exactly what a scenario would send, to how many.")
SEND = Method("Send", SendParams, SendResult, "Start a campaign; it is on disk when this answers.")
SHOW = Method("Show", ShowParams, ShowResult, "One campaign, person by person.")
CAMPAIGNS = Method("Campaigns", NoParams, CampaignsResult, "Campaigns, newest first.")
WATCH = Method("Watch", NoParams, CampaignsResult, "Campaigns, then again at each change.", streams=True)

ALERTS = Interface(
    "fr.repli.alerts",
    "Contacts, scenarios, campaigns, and who confirmed.",
    [STATUS, IMPORT, LISTS, SCENARIOS, PREVIEW, SEND, SHOW, CAMPAIGNS, WATCH],
    [NoSuchScenario, NoSuchCampaign, NoRecipients, RequestIdReused],
)
