"""Building what an operation needs before its first request comes."""

from __future__ import annotations

from . import models
from .parsers import parser
from .serializers import serializer
from .uris import table
from .validation import checker


def prepare(service_name: str, operation_names: list[str] | None = None) -> None:
    """Load a service's model and build the closures of its operations (all, or those named).

    Takes up to a second or two for a large service: call it on a thread, at start. Without it, each
    operation's first request pays for its own.
    """
    model = models.service(service_name)
    protocols = models.SERVICES[service_name].protocols
    if protocols[0].startswith("rest"):
        table(model)
    for name in operation_names if operation_names is not None else model.operation_names:
        operation = models.operation(service_name, name)
        for protocol in protocols:
            parser(protocol, operation)
            serializer(protocol, operation)
        if operation.input_shape is not None:
            checker(operation)
