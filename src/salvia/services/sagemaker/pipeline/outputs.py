"""Callback steps: what their definition says besides arguments, and what becomes of the outputs that are sent for them.

Sources: API_OutputParameter; the JSON that the SDKs' CallbackStep writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .expressions import is_one

MEMBERS = frozenset({"SqsQueueUrl", "OutputParameters"})
_MOST = 50


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


CASTS: dict[str, Callable[[str], Any]] = {"String": str, "Integer": int, "Float": float, "Boolean": _boolean}


def problems(raw: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the members that only Callback steps have."""
    url = raw.get("SqsQueueUrl")
    if not is_one(url) and (not isinstance(url, str) or not 0 < len(url) <= 256):
        yield "its SqsQueueUrl is the URL of a queue, of at most 256 characters"
    listed = raw.get("OutputParameters") or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        yield "its OutputParameters are a list of JSON objects"
        return
    if len(listed) > _MOST:
        yield f"it has {len(listed)} OutputParameters, and {_MOST} are the most"
    for one in listed:
        name, kind = one.get("OutputName"), one.get("OutputType")
        if set(one) != {"OutputName", "OutputType"} or not isinstance(name, str) or not 0 < len(name) <= 256:
            yield "each of its OutputParameters has an OutputName, of at most 256 characters, and an OutputType"
        elif not isinstance(kind, str) or kind not in CASTS:
            yield f"the OutputType of '{name}' is one of {', '.join(CASTS)}, and not {kind!r:.80}"
    names = [str(one.get("OutputName")) for one in listed]
    if len(set(names)) < len(names):
        yield "each OutputName must be unique"


def declared(raw: dict[str, Any]) -> dict[str, str]:
    """The types of a step's outputs, by name."""
    return {one["OutputName"]: one["OutputType"] for one in raw.get("OutputParameters") or ()}


def values(raw: dict[str, Any], sent: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Outputs that were sent, by name and of their types. Raises ValueError for what the step does not declare."""
    types, found = declared(raw), {}
    for one in sent:
        name, value = one["Name"], one["Value"]
        if name not in types:
            raise ValueError(f"step '{raw['Name']}' has no output '{name}'; it has {', '.join(types) or 'none'}")
        if name in found:
            raise ValueError(f"output '{name}' is there twice")
        try:
            found[name] = CASTS[types[name]](value)
        except ValueError:
            raise ValueError(f"output '{name}' is of type {types[name]}, and '{value:.80}' is none") from None
    return found
