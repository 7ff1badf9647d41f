"""Tags of buckets and objects: what S3 allows. Source: S3 user guide, "Categorizing your objects using tags"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from salvia.core.errors import ServiceError

from . import failures

OBJECT_LIMIT = 10
BUCKET_LIMIT = 50
_LONGEST_HEADER = 8192
_ALLOWED = re.compile(r"[\w\s+\-=._:/@]*")


def of_header(text: str | None) -> dict[str, str]:
    """The tags of an `x-amz-tagging` header, `a=1&b=2`. Raises InvalidArgument or InvalidTag."""
    if not text:
        return {}
    try:
        if len(text) > _LONGEST_HEADER:
            raise ValueError
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise failures.invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            "x-amz-tagging",
            text,
        ) from None
    return checked(pairs, OBJECT_LIMIT, "Object")


def of_set(tag_set: Iterable[Mapping[str, str]], limit: int, what: str) -> dict[str, str]:
    """The tags of a TagSet. Raises BadRequest or InvalidTag."""
    return checked([(tag["Key"], tag["Value"]) for tag in tag_set], limit, what)


def as_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as a TagSet."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def checked(pairs: list[tuple[str, str]], limit: int, what: str) -> dict[str, str]:
    """The tags as a dict. Raises BadRequest for more than `limit`, InvalidTag for what no tag may be."""
    if len(pairs) > limit:
        raise ServiceError("BadRequest", f"{what} tags cannot be greater than {limit}")
    tags: dict[str, str] = {}
    for key, value in pairs:
        if key in tags:
            raise _invalid("Cannot provide multiple Tags with the same key", key)
        if not 1 <= len(key) <= 128 or not _ALLOWED.fullmatch(key):
            raise _invalid("The TagKey you have provided is invalid", key)
        if len(value) > 256 or not _ALLOWED.fullmatch(value):
            raise _invalid("The TagValue you have provided is invalid", key, value)
        if key.lower().startswith("aws:"):
            raise _invalid("System tags cannot be added/updated by requester", key)
        tags[key] = value
    return tags


def _invalid(message: str, key: str, value: str | None = None) -> ServiceError:
    if value is None:
        return ServiceError("InvalidTag", message, TagKey=key[:128])
    return ServiceError("InvalidTag", message, TagKey=key[:128], TagValue=value[:256])
