"""AWS's waiters, from botocore's models: which answers of an operation end somebody's waiting."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jmespath
from botocore.exceptions import UnknownServiceError

from salvia.core.errors import ServiceError

from .models import SERVICES, loader

Test = Callable[[Any, ServiceError | None], bool]
"""Of a result, or of the error in its stead."""


@cache
def ends_waiting(service: str, operation: str) -> Test | None:
    """Whether an answer ends one of the waiters that ask this operation; None when no waiter does.

    What no acceptor names lets a waiter go on when it is a result, and ends it when it is an error.
    """
    try:
        model = loader().load_service_model(SERVICES[service].model, "waiters-2")
    except UnknownServiceError:
        return None
    ends: list[Test] = []
    goes_on: list[Test] = []
    for waiter in model["waiters"].values():
        if waiter["operation"] == operation:
            for acceptor in waiter["acceptors"]:
                (goes_on if acceptor["state"] == "retry" else ends).append(_test(acceptor))
    if not ends:
        return None

    def over(result: Any, error: ServiceError | None) -> bool:
        if any(test(result, error) for test in ends):
            return True
        return error is not None and not any(test(result, error) for test in goes_on)

    return over


def _test(acceptor: dict[str, Any]) -> Test:
    kind, expected = acceptor["matcher"], acceptor["expected"]
    if kind == "error":
        return lambda result, error: error is not None and expected in (True, error.code)
    if kind == "status":
        return lambda result, error: (error.status if error is not None else 200) == expected
    expression = jmespath.compile(acceptor["argument"])
    if kind == "path":
        return lambda result, error: error is None and expression.search(result) == expected
    quantifier = {"pathAll": all, "pathAny": any}[kind]

    def listed(result: Any, error: ServiceError | None) -> bool:
        found = expression.search(result) if error is None else None
        return isinstance(found, list) and bool(found) and quantifier(value == expected for value in found)

    return listed
