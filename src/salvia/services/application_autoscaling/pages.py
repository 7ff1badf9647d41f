"""Pages of targets, policies and scheduled actions, by resource, dimension and name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salvia.control.call import Call
from salvia.control.listing import decode_token, encode_token
from salvia.control.resource import Resource
from salvia.core.errors import ServiceError, validation_error
from salvia.store.documents import Document

from .targets import check_namespace

_MOST = 50
_BEYOND = "\U0010ffff"
_LIST = """
SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region
AND name > :after AND name >= :prefix AND name < :beyond ORDER BY name LIMIT 256"""


def size_of(request: dict[str, Any], most: int = _MOST) -> int:
    """MaxResults. Raises ValidationException outside of its range."""
    size: int = request.get("MaxResults", most)
    if not 1 <= size <= most:
        raise validation_error(f"MaxResults must be between 1 and {most}.")
    return size


def token_of(request: dict[str, Any], kind: type | tuple[type, ...], otherwise: Any) -> Any:
    """What NextToken holds. Raises InvalidNextTokenException."""
    if not request.get("NextToken"):
        return otherwise
    try:
        value = decode_token(request["NextToken"])
    except ServiceError:
        value = None
    if not isinstance(value, kind):
        raise ServiceError("InvalidNextTokenException", "Invalid NextToken: pass that of the last answer.")
    return value


async def page(
    call: Call, resource: Resource, resources: Iterable[str] = (), names: Iterable[str] = ()
) -> tuple[list[Document], dict[str, str]]:
    """The documents of one page; `resources` and `names` narrow them. Also the token of the next, if there is one."""
    request = call.request
    check_namespace(request)
    dimension, only, called = request.get("ScalableDimension"), list(resources), set(names)
    if dimension and not only:
        raise validation_error("ScalableDimension needs the resource that it is a dimension of.")
    size, after = size_of(request), token_of(request, str, "")
    found: list[Document] = []
    for one in sorted(only) or [""]:
        prefix = f"{one}|{dimension}" if dimension else f"{one}|" if one else ""
        values = {"kind": resource.kind, "account": call.account, "region": call.region}
        values |= {"prefix": prefix, "beyond": prefix + _BEYOND}
        behind = after
        while len(found) <= size:
            rows = await call.db.scan(_LIST, {**values, "after": behind})
            several = [Document.of(row) for row in rows]
            found += [each for each in several if not called or each.name.split("|", 2)[-1] in called]
            if len(rows) < 256:
                break
            behind = rows[-1]["name"]
    more = {"NextToken": encode_token(found[size - 1].name)} if len(found) > size else {}
    return found[:size], more
