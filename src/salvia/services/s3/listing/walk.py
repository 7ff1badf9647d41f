"""Walking through keys in order, rolling up what lies behind a delimiter.

    photos/1.jpg  photos/2.jpg  …  readme     prefix "", delimiter "/"  ─▶  photos/  readme

A rolled-up prefix is left by one jump of the index, however many keys lie under it. Keys are bytes: UTF-8, in whose
order they are stored; no key holds 0xFF.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Any
END = b"\xff"
# A place in the order: a key, and what orders rows of the same key. The next row is the first after it.
Place = tuple[bytes, Any]
Fetch = Callable[[Place, bytes, int], Awaitable[Sequence[Row]]]

_BATCH = 100  # rows read at once where most may be jumped over


@dataclass(slots=True)
class Page:
    """Rows and common prefixes, each in order. `last` is the last of both; None when there are none."""

    rows: list[Row] = field(default_factory=list)
    prefixes: list[bytes] = field(default_factory=list)
    truncated: bool = False
    last: Row | bytes | None = None


def beyond(prefix: bytes) -> bytes:
    """The first key after all that begin with `prefix`."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else END


def rolled_up(marker: bytes, prefix: bytes, delimiter: bytes) -> bool:
    """Whether a marker is a common prefix, as the last entry of a page may be."""
    if not delimiter or not marker.startswith(prefix):
        return False
    at = marker.find(delimiter, len(prefix))
    return at >= 0 and at + len(delimiter) == len(marker)


async def walk(fetch: Fetch, start: Place, prefix: bytes, delimiter: bytes, most: int, low: Any) -> Page:
    """A page of at most `most` rows and common prefixes that come after `start`.

    `fetch(place, end, count)` reads the first `count` rows after a place whose key is less than `end`; `low` is what
    comes before every row of a key.
    """
    page = Page()
    if most <= 0:
        return page
    end = beyond(prefix)
    place = start if start[0] >= prefix else (prefix, low)
    batch = _BATCH
    while True:
        left = most - len(page.rows) - len(page.prefixes)
        count = min(left + 1, batch) if delimiter else left + 1
        rows = await fetch(place, end, count)
        skipped = 0
        for row in rows:
            key: bytes = row["key"]
            if key < place[0]:  # under the prefix that was just rolled up
                skipped += 1
                continue
            if len(page.rows) + len(page.prefixes) == most:
                page.truncated = True
                return page
            at = key.find(delimiter, len(prefix)) if delimiter else -1
            if at >= 0:
                common = key[: at + len(delimiter)]
                page.prefixes.append(common)
                page.last = common
                place = (beyond(common), low)
            else:
                page.rows.append(row)
                page.last = row
        if len(rows) < count:
            return page
        last = rows[-1]
        if last["key"] >= place[0]:
            place = (last["key"], last["place"])
        batch = max(2, batch // 8) if skipped > count // 2 else min(_BATCH, batch * 2)
        await asyncio.sleep(0)  # fetches may be inline: others get their turn
