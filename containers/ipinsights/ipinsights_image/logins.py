"""Pairs of an entity and an IPv4 address, as numbers.

Source: SageMaker developer guide, "IP Insights Training Data Formats": CSV without a header, two columns.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from salvia_toolkit import formats
from salvia_toolkit.algorithm.channel import files
from salvia_toolkit.algorithm.contract import Channel
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.formats.matrix import Array

Wrong = Callable[[str, int], Exception]
_OCTETS = 4


@dataclass(frozen=True, slots=True)
class Logins(Sequence[Any]):
    """Hashes of the entities (64 bits), and the addresses (32 bits)."""

    entities: Array
    addresses: Array

    def __len__(self) -> int:
        return len(self.entities)

    @overload
    def __getitem__(self, chosen: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, chosen: slice) -> Logins: ...
    def __getitem__(self, chosen: Any) -> Any:
        return Logins(self.entities[chosen], self.addresses[chosen])


def load(channel: Channel, share: slice) -> Logins:
    """This host's share of a channel. Raises ClientError naming channel, file and line."""
    if formats.known(channel.content_type or formats.CSV) != formats.CSV:
        raise ClientError(
            f"Channel {channel.name!r}: ContentType {channel.content_type!r} is not one that this algorithm reads. "
            f"Use {formats.CSV}."
        )
    parts = [Logins(np.empty(0, np.uint64), np.empty(0, np.uint32))]
    for file in files(channel):
        try:
            text = file.bytes().decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise file.wrong(f"is not UTF-8: {problem.reason}.") from problem
        parts.append(of_rows(lines(text), file.wrong))
    every = Logins(
        *(np.concatenate(each) for each in zip(*((one.entities, one.addresses) for one in parts), strict=True))
    )
    return every[share]


def lines(text: str) -> Iterable[tuple[int, list[str]]]:
    """(line number from 1, fields) of each line that is not blank."""
    reader = csv.reader(text.splitlines(), skipinitialspace=True)
    return ((reader.line_num, fields) for fields in reader if fields)


def of_rows(rows: Iterable[tuple[int, Sequence[Any]]], wrong: Wrong) -> Logins:
    """Numbered rows. Raises what `wrong` makes of the first that is no entity with an address."""
    entities, addresses = [], []
    hashes: dict[str, int] = {}
    for number, row in rows:
        if len(row) != 2:
            raise wrong(f"has {len(row)} column(s); it must have two: an entity and an IPv4 address.", number)
        entity, written = str(row[0]).strip(), str(row[1]).strip()
        address = _address(written)
        if address is None:
            hint = " There must be no header: remove that line." if number == 1 and written.isidentifier() else ""
            raise wrong(f"{written[:40]!r} is not an IPv4 address such as 192.0.2.1.{hint}", number)
        if not entity:
            raise wrong("the entity (first column) is empty.", number)
        if entity not in hashes:
            digest = hashlib.blake2b(entity.encode(), digest_size=8).digest()
            hashes[entity] = int.from_bytes(digest, "big")
        entities.append(hashes[entity])
        addresses.append(address)
    return Logins(np.array(entities, np.uint64), np.array(addresses, np.uint32))


def _address(written: str) -> int | None:
    parts = written.split(".")
    if len(parts) != _OCTETS or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        return None
    octets = [int(part) for part in parts]
    return int.from_bytes(bytes(octets), "big") if max(octets) < 256 else None
