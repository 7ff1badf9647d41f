"""A call that one service makes of another, through dispatch: validated, authorised and audited as a client's is.

A service goes on its own behalf (`service_caller`), or in a role that trusts it (`in_role`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia import protocol
from salvia.core import ids
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.protocol import models
from salvia.store import documents
from salvia.store.db import Reader, Transaction, carrying

from . import audit
from .authorize import authorize
from .call import Call, Reply
from .world import World


def in_role(reader: Reader, role_arn: str, session: str) -> Caller:
    """A session of a role. Whether the role trusts whoever acts in it was checked when it was named.

    Raises ValidationException for a role that is gone.
    """
    role = documents.by_arn(reader, role_arn)
    if role is None or role.kind != "iam:Role":
        raise ServiceError("ValidationException", f"Role {role_arn} does not exist any more.")
    name, unique = role.spec["RoleName"], role.spec["RoleId"]
    arn = f"arn:aws:sts::{role.account}:assumed-role/{name}/{session}"
    context = {f"aws:principaltag/{key.lower()}": value for key, value in role.tags.items()}
    context |= {"aws:tokenissuetime": str(reader.now()), "aws:multifactorauthpresent": "false"}
    return Caller("assumed-role", role.account, arn, f"{unique}:{session}", role.arn, context=context)


async def run(
    world: World,
    caller: Caller,
    by: str,
    region: str,
    service: str,
    operation: str,
    request: dict[str, Any],
    along: Callable[[Transaction], None] | None = None,
) -> dict[str, Any]:
    """The answer to `request` of `caller`. `by` is the service that sends it (`monitoring.amazonaws.com`).

    What the call writes and `along` become durable together. Raises whatever a client would be told.
    """
    call = Call(
        service=service,
        operation=operation,
        request=request,
        caller=caller,
        account=caller.account,
        region=region,
        request_id=ids.request_id(),
        world=world,
        source_ip=by,
        user_agent=by,
    )
    model = models.operation(service, operation)
    protocol.validate(model, request)
    draft = audit.draft(call, model, valid=True)
    try:
        handler = world.dispatch.handler(service, operation)
        authorize(call)
        with audit.riding(draft), carrying(along):
            answer = await handler(call)
    except ServiceError as error:
        if draft is not None:
            await audit.finish(draft, None, error)
        raise
    result = answer.result if isinstance(answer, Reply) else answer
    if draft is not None:
        await audit.finish(draft, result, None)
    return result
