"""What an audit trail may keep of a request or an answer: the model's members, without secrets.

Names begin in lower case, as in CloudTrail's records; times are ISO 8601. Hidden are shapes that the model marks
`sensitive`, blobs, the values of environments and hyperparameters, and the few members that the models forget: session
tokens and presigned URLs. Bodies that stream are left out.

Source: CloudTrail user guide, "CloudTrail record contents"; AWS's own records show HIDDEN_DUE_TO_SECURITY_REASONS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from .models import BUILDING

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRET = frozenset({"SecretAccessKey", "SessionToken", "AuthorizedUrl", "PresignedUrl", "Password", "TokenCode"})
_SECRET_MAPS = ("Environment", "HyperParameters")  # and whatever contains these names
_RENAMED = {"s3": {"Bucket": "bucketName"}}
_SHORTEST = 6  # characters of a secret that is looked for within a sentence

Convert = Callable[[Any], Any]


def recorded(model: Any, which: str, value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `input` or `output` of an operation as a record shows it; None when there is nothing to show."""
    convert = _converter(model, which)
    return (convert(value) or None) if convert is not None else None


def without_secrets(model: Any, params: Mapping[str, Any], sentence: str) -> str:
    """An error's message, without what `recorded` would hide of the request: validation repeats what it refuses."""
    if model.input_shape is None:
        return sentence
    for secret in sorted(_secrets(model.input_shape, params, ""), key=len, reverse=True):
        for shown in (secret, secret[:1024]):  # messages cut values there
            if len(shown) >= _SHORTEST:
                sentence = sentence.replace(shown, HIDDEN)
            elif shown:
                sentence = sentence.replace(f"'{shown}'", f"'{HIDDEN}'")
    return sentence


@cache
def _converter(model: Any, which: str) -> Convert | None:
    shape = model.input_shape if which == "input" else model.output_shape
    if shape is None:
        return None
    with BUILDING:
        return _builder(model.service_model).build(shape)


@cache
def _builder(service: Any) -> _Builder:
    return _Builder(_RENAMED.get(service.service_name, {}))


class _Builder:
    """Closures by shape. A structure is registered before its members are built, so shapes may recur."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed
        self._structures: dict[str, Convert] = {}

    def build(self, shape: Any) -> Convert:
        kind: str = shape.type_name
        if _sensitive(shape):
            return _hide
        if kind == "structure":
            return _same if shape.is_document_type else self._structure(shape)
        if kind == "list":
            item = self.build(shape.member)
            return lambda value: [item(one) for one in value]
        if kind == "map":
            entry = self.build(shape.value)
            return lambda value: {str(key): entry(one) for key, one in value.items()}
        return {"timestamp": _time, "blob": _hide}.get(kind, _same)

    def _structure(self, shape: Any) -> Convert:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, tuple[str, Convert]] = {}

        def convert(value: Any) -> Any:
            result = {}
            for name, item in value.items():
                member = members.get(name)
                if member is not None and item is not None:
                    result[member[0]] = member[1](item)
            return result

        self._structures[shape.name] = convert
        streamed = shape.serialization.get("payload")
        for name, member in shape.members.items():
            if name == streamed and member.type_name == "blob":
                continue
            shown = self._renamed.get(name, name[:1].lower() + name[1:])
            presigned = name == "Url" and "Presigned" in shape.name
            members[name] = (shown, _hide if presigned else self._member(name, member))
        return convert

    def _member(self, name: str, shape: Any) -> Convert:
        if name in _SECRET:
            return _hide
        if _hides_values(name, shape):
            return lambda value: dict.fromkeys(map(str, value), HIDDEN)
        return self.build(shape)


def _sensitive(shape: Any) -> bool:
    return bool(shape.metadata.get("sensitive"))


def _hides_values(name: str, shape: Any) -> bool:
    return shape.type_name == "map" and any(part in name for part in _SECRET_MAPS)


def _hide(value: Any) -> str:
    return HIDDEN


def _same(value: Any) -> Any:
    return value


def _time(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _secrets(shape: Any, value: Any, name: str) -> Iterator[str]:
    if _sensitive(shape) or name in _SECRET:
        yield from _texts(value)
    elif _hides_values(name, shape) and isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif shape.type_name == "structure" and isinstance(value, dict):
        for member, item in value.items():
            if member in shape.members:
                yield from _secrets(shape.members[member], item, member)
    elif shape.type_name in ("list", "map") and isinstance(value, list | dict):
        below = shape.member if shape.type_name == "list" else shape.value
        for item in value if isinstance(value, list) else value.values():
            yield from _secrets(below, item, "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            yield from _texts(item)
