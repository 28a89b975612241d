"""The profile of OVHcloud's SMS API: its requests, and the signature of each (api.ovh.com, "First steps"). Pure."""

from __future__ import annotations

import hashlib

from edge.modem.http.template import Request
from edge.shared.model import HttpCall, HttpRules

BASE = "https://eu.api.ovh.com/1.0"
SEND_BODY = (
    '{"receivers": ["{number}"], "message": "{text}", "sender": "{sender}", "noStopClause": true,'
    ' "validityPeriod": "{validity_minutes}", "charset": "UTF-8", "priority": "high", "tag": "{reference}"}'
)
JSON = {"Content-Type": "application/json; charset=utf-8"}


def rules(given: HttpRules) -> HttpRules:
    """The given rules with the profile's requests; `base` may name another server that speaks the same."""
    base = given.base or BASE
    return given.model_copy(
        update={
            "send": HttpCall(url=f"{base}/sms/{{account}}/jobs", headers=JSON, body=SEND_BODY),
            "id_path": "ids.0",
            "report": HttpCall(method="GET", url=f"{base}/sms/{{account}}/outgoing/{{id}}"),
            "state_path": "deliveryReceipt",
            "delivered": ["1"],
            "failed": ["2", "16"],
        }
    )


def signed(request: Request, given: HttpRules, secret: str, now: int) -> Request:
    """The request with its signature: SHA-1 of both keys, the request and the time in seconds."""
    whole = "+".join((secret, given.consumer_key, request.method, request.url, request.body, str(now)))
    signature = "$1$" + hashlib.sha1(whole.encode()).hexdigest()  # noqa: S324 - the provider's scheme
    headers = {
        **request.headers,
        "X-Ovh-Application": given.application_key,
        "X-Ovh-Consumer": given.consumer_key,
        "X-Ovh-Timestamp": str(now),
        "X-Ovh-Signature": signature,
    }
    return Request(request.method, request.url, headers, request.body)
