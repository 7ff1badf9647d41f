"""Fewer dimensions by a random projection, as a matrix.

Source: SageMaker developer guide, "How the k-NN Algorithm Works", step 2: sign multiplies by random signs; fjlt takes
some coordinates of the Walsh-Hadamard transform of rows whose signs were changed at random (Ailon, Chazelle 2006).
"""

from __future__ import annotations

import numpy as np
from salvia_toolkit.algorithm.training import SEED
from salvia_toolkit.formats.matrix import Array


def matrix(kind: str, columns: int, target: int) -> Array:
    """Columns × target; it keeps distances, on the average."""
    random = np.random.default_rng(SEED)
    if kind == "sign":
        return (random.choice([-1.0, 1.0], (columns, target)) / np.sqrt(target)).astype(np.float32)
    size = 1 << max(0, columns - 1).bit_length()
    signs, taken = random.choice([-1.0, 1.0], columns), random.choice(size, target, replace=False)
    # The entry of the Hadamard matrix at (i, j) is -1 to the number of bits that i and j share.
    bits = np.bitwise_count(np.arange(columns)[:, None] & taken[None, :]) & 1
    return (signs[:, None] * (1 - 2.0 * bits) / np.sqrt(target)).astype(np.float32)
