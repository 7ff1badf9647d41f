"""The vectors of entities and of addresses, whose product says how well they go together; by numpy.

Source: SageMaker developer guide, "How IP Insights Works": entities are hashed and have a vector each; a network
encodes an address by the structure of its prefixes. Here an address begins as the sum of a vector for each of its bits
and of one for each of its prefixes of 8, 16, 24 and 32 bits, which are hashed into a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from salvia_toolkit.formats.matrix import Array

from .logins import Logins

BITS = 32
PREFIXES = (8, 16, 24, 32)
ROWS = 1 << 14  # of the table of prefixes
_MIX = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hashing


def rows_of_entities(entities: Array, count: int) -> Array:
    """The row of each in a table of `count` vectors."""
    return (entities % np.uint64(count)).astype(np.int64)


def bits(addresses: Array) -> Array:
    """-1 or 1 for each bit of an address."""
    return (((addresses[:, None] >> np.arange(BITS, dtype=np.uint32)) & 1) * 2.0 - 1).astype(np.float32)


def rows_of_prefixes(addresses: Array) -> Array:
    """The row of each prefix of an address in their table."""
    found = [
        ((((addresses >> np.uint32(BITS - length)).astype(np.uint64) << np.uint64(6)) + np.uint64(length)) * _MIX)
        >> np.uint64(64 - 14)
        for length in PREFIXES
    ]
    return np.stack(found, axis=1).astype(np.int64)


class Vectors:
    """model.npz: `entities`, `prefixes`, `bits` (a row each), `bias`; `weights_N`, `bias_N` of the encoder's layers."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self._arrays = arrays
        self._layers = sum(name.startswith("weights_") for name in arrays)

    def of(self, logins: Logins) -> tuple[Array, Array]:
        """The vectors of the entities, and of the addresses."""
        arrays = self._arrays
        entities = arrays["entities"][rows_of_entities(logins.entities, len(arrays["entities"]))]
        hidden = bits(logins.addresses) @ arrays["bits"] + arrays["bias"]
        hidden = hidden + arrays["prefixes"][rows_of_prefixes(logins.addresses)].sum(axis=1)
        for at in range(self._layers):
            hidden = hidden + np.tanh(hidden @ arrays[f"weights_{at}"] + arrays[f"bias_{at}"])
        return entities, hidden
