"""The alarms that roll an update back, asked of CloudWatch as any client would."""

from __future__ import annotations

from salvia.control import errand
from salvia.control.call import Call
from salvia.control.world import World
from salvia.core.caller import service_caller
from salvia.core.errors import validation_error
from salvia.store.documents import Document

LOOK = 2.0  # seconds between looks at alarms
_SERVICE = "sagemaker.amazonaws.com"


async def ringing(endpoint: Document, world: World, names: list[str]) -> list[str]:
    """Which of the alarms are in state ALARM."""
    states = await _states(world, endpoint.account, endpoint.region, names)
    return sorted(name for name, state in states.items() if state == "ALARM")


async def exist(call: Call, names: list[str]) -> None:
    """Raise ValidationException when one of them does not exist."""
    states = await _states(call.world, call.account, call.region, names)
    missing = [name for name in names if name not in states]
    if missing:
        raise validation_error(f"AutoRollbackConfiguration: there is no alarm {', '.join(missing)}.")


async def _states(world: World, account: str, region: str, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    caller = service_caller(_SERVICE, account)
    request = {"AlarmNames": names, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    answer = await errand.run(world, caller, _SERVICE, region, "cloudwatch", "DescribeAlarms", request)
    found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
