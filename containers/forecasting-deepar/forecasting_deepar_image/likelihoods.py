"""What the network's last layer means: a distribution, as a loss to train by (torch) and as samples (numpy).

Source: SageMaker developer guide, "DeepAR Hyperparameters", likelihood; the paper's equations for negative-binomial.
Each parameter is a number of the last layer, made positive where it must be. All are of values divided by their scale,
but those of negative-binomial, which are of counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from salvia_toolkit.formats.matrix import Array

PARAMETERS = {"gaussian": 2, "student-T": 3, "negative-binomial": 2, "beta": 2, "deterministic-L1": 1}
SCALED = ("gaussian", "student-T", "negative-binomial", "deterministic-L1")  # beta's values are from 0 to 1 anyway
LOCATED = ("gaussian", "student-T", "deterministic-L1")  # whose first parameter is a value itself
_LEAST = 1e-6
_FREEDOM = 2.0  # a student-T's degrees of freedom are more, or else it has no variance


def loss(name: str, raw: Any, values: Any, scales: Any) -> Any:
    """The negative log-likelihood of each value. `raw` has one number more in its last dimension for each parameter."""
    import torch
    from torch import distributions
    from torch.nn.functional import softplus

    first = raw[..., 0]
    if name == "deterministic-L1":
        return (values / scales - first).abs()
    second = softplus(raw[..., 1]) + _LEAST
    if name == "gaussian":
        return -distributions.Normal(first, second, validate_args=False).log_prob(values / scales) + scales.log()
    if name == "student-T":
        freedom = _FREEDOM + softplus(raw[..., 2])
        found = distributions.StudentT(freedom, first, second, validate_args=False)
        return -found.log_prob(values / scales) + scales.log()
    if name == "beta":
        found = distributions.Beta(softplus(first) + _LEAST, second, validate_args=False)
        return -found.log_prob(values.clamp(1e-4, 1 - 1e-4))
    mean, spread = softplus(first) * scales + _LEAST, second / scales.sqrt()
    rate = 1 / spread
    return -(
        torch.lgamma(values + rate)
        - torch.lgamma(values + 1)
        - torch.lgamma(rate)
        - rate * torch.log1p(spread * mean)
        + values * (torch.log(spread * mean) - torch.log1p(spread * mean))
    )


def sample(name: str, raw: Array, scales: Array, random: np.random.Generator) -> Array:
    """A value for each row of `raw`, in its own scale."""
    first = raw[:, 0]
    if name == "deterministic-L1":
        return first * scales
    second = _softplus(raw[:, 1]) + _LEAST
    if name == "gaussian":
        return random.normal(first, second) * scales
    if name == "student-T":
        return (first + second * random.standard_t(_FREEDOM + _softplus(raw[:, 2]))) * scales
    if name == "beta":
        return random.beta(_softplus(first) + _LEAST, second)
    mean, spread = _softplus(first) * scales + _LEAST, second / np.sqrt(scales)
    return random.poisson(np.minimum(random.gamma(1 / spread, spread * mean), 1e18)).astype(np.float64)


def _softplus(values: Array) -> Array:
    return np.logaddexp(0, values)
