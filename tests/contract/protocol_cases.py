"""AWS's protocol test cases, read from the folder that SALVIA_AWS_PROTOCOL_TESTS names.

They are botocore's (tests/unit/protocols), made for clients; here they are read the other way round.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.model import OperationModel, ServiceModel

VARIABLE = "SALVIA_AWS_PROTOCOL_TESTS"
PROTOCOLS = ("json", "json_1_0", "json_1_0-query-compatible", "query", "rest-json", "rest-xml")


class Case(NamedTuple):
    name: str
    protocol: str
    service: ServiceModel
    operation: OperationModel
    data: dict[str, Any]


def parameters(direction: str) -> list[Any]:
    """pytest parameters: one a case, or a single one that skips and says why."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        reason = f"{VARIABLE} does not name the folder of AWS's protocol test cases"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(case, id=f"{case.protocol}-{case.name}") for case in _cases(Path(folder), direction)]


def _cases(folder: Path, direction: str) -> Iterator[Case]:
    for protocol in PROTOCOLS:
        suites = json.loads((folder / direction / f"{protocol}.json").read_text())
        for number, suite in enumerate(suites):
            for position, data in enumerate(suite["cases"]):
                given = data["given"]
                description = {
                    "metadata": {"endpointPrefix": "test", **suite["metadata"]},
                    "operations": {given["name"]: given},
                    "shapes": suite["shapes"],
                }
                service = ServiceModel(description, f"{protocol}-{number}")
                operation = service.operation_model(given["name"])
                yield Case(data.get("id", f"{number}.{position}"), protocol, service, operation, data)


def canonical(shape: Any, value: Any) -> Any:
    """`value` of `shape` in one form: blobs as bytes, timestamps as seconds, NaN as text, no None."""
    if value is None or shape is None:
        return None
    kind = shape.type_name
    if kind == "structure":
        if shape.is_document_type or not isinstance(value, dict):
            return value
        return {
            name: canonical(shape.members[name], item)
            for name, item in value.items()
            if item is not None and name in shape.members
        }
    if kind == "list":
        return [canonical(shape.member, item) for item in value if item is not None]
    if kind == "map":
        return {key: canonical(shape.value, item) for key, item in value.items() if item is not None}
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    if kind == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else float(value)
    if kind in ("float", "double"):
        return "NaN" if value == "NaN" or math.isnan(float(value)) else float(value)
    return value
