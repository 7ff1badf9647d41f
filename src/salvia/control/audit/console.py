"""ConsoleLogin: who signed in to Studio, and who tried to.

Source: CloudTrail user guide, "AWS Management Console sign-in events".
"""

from __future__ import annotations

import re
from typing import Any

from salvia.core import ids
from salvia.core.caller import Caller
from salvia.core.http import HttpRequest
from salvia.protocol.recording import HIDDEN
from salvia.store import events

from ..world import World
from . import record

_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)  # as the model of IAM has it; others are not looked up


async def signed_in(world: World, http: HttpRequest, caller: Caller | None, account: str, name: str = "") -> None:
    """Record a sign-in; without a caller it failed. What was typed as a `name` is shown where it is a user's: else it
    may have been the password.
    """
    if world.journal is None:
        return
    if caller is not None:
        identity = record.identity(caller)
    else:
        known = _NAME.fullmatch(name) and world.providers.entity_arn("user", account, name) is not None
        identity = {"type": "IAMUser", "accountId": account, "accessKeyId": "", "userName": name if known else HIDDEN}
    now = world.clock.now()
    content: dict[str, Any] = {
        "eventVersion": record.VERSION,
        "userIdentity": identity,
        "eventTime": events.moment(now),
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": world.settings.region,
        "sourceIPAddress": http.client,
        "userAgent": (http.headers.get("user-agent") or "")[: record.LONGEST_AGENT],
        "requestParameters": None,
        "responseElements": {"ConsoleLogin": "Success" if caller is not None else "Failure"},
        "additionalEventData": {"LoginTo": world.settings.studio, "MobileVersion": "No", "MFAUsed": "No"},
        "requestID": ids.request_id(),
        "eventID": ids.event_id(now),
        "readOnly": False,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if caller is None:
        content["errorMessage"] = "Failed authentication"
    await world.journal.commit(record.event(content, []))
