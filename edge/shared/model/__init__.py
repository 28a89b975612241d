"""The settings model: schema, documentation and form in one; a file per section."""

from edge.shared.model.alerts import AlertsSection, Scenario
from edge.shared.model.firewall import FlowClasses, Open, Protocol
from edge.shared.model.forwarding import Forward
from edge.shared.model.gateways import Gateway, GatewayKind, Route
from edge.shared.model.gateways_http import HttpCall, HttpProfile, HttpRules
from edge.shared.model.groups import Group, GroupOrder
from edge.shared.model.ipv6 import Ipv6, LinkIpv6
from edge.shared.model.lan import Zone, ZoneRole
from edge.shared.model.modem import ModemDevice, ModemSection, SeverityRules
from edge.shared.model.numbering import CallClass, NumberForm, Pickup, Prefix, ShortNumber
from edge.shared.model.probes import ProbeKind, ProbeTarget, QualityLimits
from edge.shared.model.services import Dhcp, Dns, LocalName, Reservation, Time
from edge.shared.model.site import Language, Site, SiteSection
from edge.shared.model.uplinks import Link, LinkAddress, LinkKind, UplinksSection
from edge.shared.model.voice import CloudPbx, Emergency, Extension, Listen, VoiceSection
from edge.shared.model.voice_trunks import Inbound, InboundNumber, Transport, Trunk, TrunkKind
from edge.shared.model.web import WebSection

__all__ = [
    "AlertsSection",
    "CallClass",
    "CloudPbx",
    "Dhcp",
    "Dns",
    "Emergency",
    "Extension",
    "FlowClasses",
    "Forward",
    "Gateway",
    "GatewayKind",
    "Group",
    "GroupOrder",
    "HttpCall",
    "HttpProfile",
    "HttpRules",
    "Inbound",
    "InboundNumber",
    "Ipv6",
    "Language",
    "Link",
    "LinkAddress",
    "LinkIpv6",
    "LinkKind",
    "Listen",
    "LocalName",
    "ModemDevice",
    "ModemSection",
    "NumberForm",
    "Open",
    "Pickup",
    "Prefix",
    "ProbeKind",
    "ProbeTarget",
    "Protocol",
    "QualityLimits",
    "Reservation",
    "Route",
    "Scenario",
    "SeverityRules",
    "ShortNumber",
    "Site",
    "SiteSection",
    "Time",
    "Transport",
    "Trunk",
    "TrunkKind",
    "UplinksSection",
    "VoiceSection",
    "WebSection",
    "Zone",
    "ZoneRole",
]
