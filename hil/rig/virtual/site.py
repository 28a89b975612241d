"""The settings document of the town's appliance."""

from __future__ import annotations

from hil.rig.virtual.plan import Plan


def document(plan: Plan) -> str:
    """A complete site.toml: two links, telephones, modem, one scenario, the pages on the LAN."""
    return "\n".join((_SITE, _uplinks(plan), _voice(plan), _modem(plan), _ALERTS, _web(plan)))


_SITE = """\
[site]
name = "Mairie de Valbourg"
help_number = "0123456789"
language = "fr"
"""

_ALERTS = """\
[alerts]
reminder_after_s = 20
reminders = 1

[[alerts.scenarios]]
id = "inondation"
title = "Inondation"
text = "{site}: inondation en cours ({time}). Montez à l'étage, quittez les sous-sols, ne prenez pas la voiture. Répondez OK."
"""


def _uplinks(plan: Plan) -> str:
    first, second, third = plan.targets
    return f"""\
[uplinks]
hold_down_s = 5.0
targets = [
  {{ kind = "icmp", host = "{first}" }},
  {{ kind = "icmp", host = "{second}" }},
  {{ kind = "udp", host = "{third}", port = {plan.target_udp_port} }},
]

[[uplinks.links]]
name = "fibre"
interface = "{plan.fibre.edge_interface}"
kind = "fibre"
address = "static"
cidr = "{plan.fibre.edge_cidr}"
gateway = "{plan.fibre.gateway}"
dns = ["{plan.fibre.resolver}"]
interval_ms = 100

[[uplinks.links]]
name = "lte"
interface = "{plan.lte.edge_interface}"
kind = "lte"
address = "static"
cidr = "{plan.lte.edge_cidr}"
gateway = "{plan.lte.gateway}"
dns = ["{plan.lte.resolver}"]
metered = true
{(_ONE_LEG if plan.one_leg else _LAN).format(plan=plan)}"""


# What the building is served: names, time and addresses. The telephones and the browser have their own below the range.
_LAN = """
[uplinks.dns]
domain = "mairie.internal"
hosts = [{{ name = "repli", address = "{plan.edge_lan}" }}]

[[uplinks.zones]]
name = "batiment"
interface = "{plan.lan_interface}"
role = "crisis"
address = "{plan.edge_lan_cidr}"
dhcp = {{ first = "{plan.dhcp_first}", last = "{plan.dhcp_last}" }}
"""


# The telephones come by the interface that is also the way out: who they are is known by their addresses.
_ONE_LEG = """
[[uplinks.zones]]
name = "telephones"
interface = "{plan.fibre.edge_interface}"
role = "phones"
networks = ["{plan.lan_network}"]
"""


def _voice(plan: Plan) -> str:
    extensions = "\n".join(
        f'[[voice.extensions]]\nnumber = "{phone.number}"\nname = "{phone.name}"\npassword = "{phone.password}"\n'
        for phone in plan.phones
    )
    return f"""\
[voice]
domain = "{plan.sip_domain}"
listen = [
  {{ address = "{plan.edge_lan}", port = {plan.sip_port}, transport = "udp" }},
  {{ address = "{plan.edge_lan}", port = {plan.sip_port}, transport = "tcp" }},
]
cloud = {{ address = "{plan.cloud_pbx}", port = {plan.sip_port} }}
hold_down_s = 5.0
networks = ["{plan.lan_network}"]

[[voice.trunks]]
name = "pstn"
address = "{plan.pstn}"
port = {plan.sip_port}

{extensions}"""


def _modem(plan: Plan) -> str:
    return f"""\
[modem]
free_burst = 300
submit_timeout_s = 5.0

[[modem.devices]]
name = "lte"
device = "{plan.modem_device}"
"""


def _web(plan: Plan) -> str:
    return f"""\
[web]
address = "{plan.edge_lan}"
port = {plan.web_port}
"""
