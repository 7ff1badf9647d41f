"""What a request's body asks for, as TensorFlow Serving's JSON.

Source: the SageMaker Python SDK's "Deploying to TensorFlow Serving Endpoints", "Making predictions against a SageMaker
Endpoint", "Other input formats".
"""

from __future__ import annotations

import csv
import json
from typing import Any

from salvia_toolkit import formats
from salvia_toolkit.serving.message import Refused

_OTHER_LINES = "application/jsons"
_THEIRS = {"instances", "inputs", "examples"}


def read(body: bytes, content_type: str) -> Any:
    """The request to TensorFlow Serving. Raises Refused."""
    kind = formats.known(content_type)
    try:
        text = body.decode()
        if kind == formats.JSON:
            return _document(json.loads(text))
        if kind in (formats.JSON_LINES, _OTHER_LINES):
            return {"instances": [json.loads(line) for line in text.splitlines() if line.strip()]}
    except ValueError as problem:
        raise Refused(400, f"The body is not {content_type}: {problem}.") from problem
    if kind == formats.CSV:
        return {"instances": [_record(cells) for cells in csv.reader(text.splitlines()) if cells]}
    raise Refused(
        415,
        f"Content type {content_type!r} is not read here. Use {formats.JSON}, {formats.JSON_LINES} or {formats.CSV}, "
        "or an inference.py with an input_handler.",
    )


def _document(value: Any) -> Any:
    """Anything but a request of theirs is an instance; a list of lists or objects is several."""
    if isinstance(value, dict) and value.keys() & _THEIRS:
        return value
    several = isinstance(value, list) and bool(value) and isinstance(value[0], (list, dict))
    return {"instances": value if several else [value]}


def _record(cells: list[str]) -> Any:
    """A line's values; the value of a line that has one."""
    values = [_value(cell) for cell in cells]
    return values if len(values) > 1 else values[0]


def _value(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
