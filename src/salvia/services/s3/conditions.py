"""Conditional requests. Sources: RFC 9110, section 13; S3 user guide, "Conditional requests"; CopyObject."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import failures
from .versions import Check, Version


def quoted(etag: str) -> str:
    """An ETag as the wire has it."""
    return f'"{etag}"'


def matches(header: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match names `etag`: `*`, one, or a list, with quotes or without."""
    return any(each in ("*", etag) for each in map(_bare, header.split(",")))


def read(request: Mapping[str, Any], version: Version) -> bool:
    """Whether a GET or HEAD is to be answered with the object; False: with 304 Not Modified.

    Raises PreconditionFailed. An ETag, where it is given, decides before a date does.
    """
    if request.get("IfMatch") is not None:
        if not matches(request["IfMatch"], version.etag):
            raise failures.precondition_failed("If-Match")
    elif _before(request.get("IfUnmodifiedSince"), version):
        raise failures.precondition_failed("If-Unmodified-Since")
    if request.get("IfNoneMatch") is not None:
        return not matches(request["IfNoneMatch"], version.etag)
    since = request.get("IfModifiedSince")
    return since is None or _before(since, version)


def copy(request: Mapping[str, Any], source: Version) -> None:
    """The conditions on a copy's source. Raises PreconditionFailed."""
    prefix = "x-amz-copy-source-"
    if request.get("CopySourceIfMatch") is not None:
        if not matches(request["CopySourceIfMatch"], source.etag):
            raise failures.precondition_failed(f"{prefix}If-Match")
    elif _before(request.get("CopySourceIfUnmodifiedSince"), source):
        raise failures.precondition_failed(f"{prefix}If-Unmodified-Since")
    if request.get("CopySourceIfNoneMatch") is not None:
        if matches(request["CopySourceIfNoneMatch"], source.etag):
            raise failures.precondition_failed(f"{prefix}If-None-Match")
        return
    since = request.get("CopySourceIfModifiedSince")
    if since is not None and not _before(since, source):
        raise failures.precondition_failed(f"{prefix}If-Modified-Since")


def write(request: Mapping[str, Any]) -> Check:
    """The conditions on what a write replaces, to be asked within its transaction.

    Raises NotImplemented, as S3 does, for an If-None-Match other than `*`.
    """
    none_match, match = request.get("IfNoneMatch"), request.get("IfMatch")
    if none_match is not None and _bare(none_match) != "*":
        raise failures.not_implemented(
            "A header you provided implies functionality that is not implemented", "If-None-Match"
        )
    key = request["Key"]

    def check(current: Version | None) -> None:
        if none_match is not None and current is not None:
            raise failures.precondition_failed("If-None-Match")
        if match is not None:
            if current is None:
                raise failures.no_such_key(key)
            if not matches(match, current.etag):
                raise failures.precondition_failed("If-Match")

    return check


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


def _before(moment: datetime | None, version: Version) -> bool:
    """Whether the version is younger than a date, which has whole seconds."""
    return moment is not None and math.floor(version.created_at) > moment.timestamp()
