"""The alarms that roll an update back, asked of CloudWatch as any client would."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply
from salvia.control.world import World
from salvia.core import ids
from salvia.core.caller import service_caller
from salvia.core.errors import validation_error
from salvia.store.documents import Document

LOOK = 1.0  # seconds between looks at alarms


async def ringing(endpoint: Document, world: World, names: list[str]) -> list[str]:
    """Which of the alarms are in state ALARM."""
    states = await _states(world, endpoint.account, endpoint.region, names)
    return sorted(name for name, state in states.items() if state == "ALARM")


async def exist(call: Call, names: list[str]) -> None:
    """Raise ValidationException when one of them does not exist, NotImplemented where there are no alarms."""
    states = await _states(call.world, call.account, call.region, names)
    missing = [name for name in names if name not in states]
    if missing:
        raise validation_error(f"AutoRollbackConfiguration: there is no alarm {', '.join(missing)}.")


async def _states(world: World, account: str, region: str, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    call = Call(
        service="cloudwatch",
        operation="DescribeAlarms",
        request={"AlarmNames": names, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100},
        caller=service_caller("sagemaker.amazonaws.com", account),
        account=account,
        region=region,
        request_id=ids.request_id(),
        world=world,
    )
    answer = await world.dispatch.handler(call.service, call.operation)(call)
    result: dict[str, Any] = answer.result if isinstance(answer, Reply) else answer
    found = [*result.get("MetricAlarms", ()), *result.get("CompositeAlarms", ())]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
