"""What the hyperparameters mean together: what does not go together, and which models are trained."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.formats.matrix import Array

from . import losses

_MODELS = 8
_RATE = 0.1  # for features of deviation 1
_RATES, _DECAYS = (1.0, 0.3, 0.1, 0.5, 0.2, 2.0, 0.05, 3.0), (0.0, 1e-3, 1e-4, 1e-2)
_LARGEST = 1 << 22  # weights of all models together, where AWS leaves the number of models to the algorithm


def check(values: SimpleNamespace) -> None:
    """Raise ClientError for hyperparameters that do not go together."""
    kind = values.predictor_type
    if kind == "multiclass_classifier" and (values.num_classes is None or values.num_classes < 3):
        raise ClientError("Hyperparameter num_classes is required with multiclass_classifier, and must be 3 or more.")
    if values.loss != "auto" and values.loss not in losses.OF_TYPE[kind]:
        raise ClientError(
            f"Hyperparameter loss: {values.loss} does not go with predictor_type {kind}. "
            f"Use auto, {', '.join(losses.OF_TYPE[kind])}."
        )


def loss_name(values: SimpleNamespace) -> str:
    """The loss, where "auto" is the first of the predictor's."""
    return losses.OF_TYPE[values.predictor_type][0] if values.loss == "auto" else str(values.loss)


@dataclass(frozen=True, slots=True)
class Models:
    """An entry for each of the models that are trained at once; the first has what was asked for."""

    rate: Array
    wd: Array
    l1: Array
    positive: Array

    def __len__(self) -> int:
        return len(self.rate)


def models(values: SimpleNamespace, columns: int, outputs: int, positive: float, negative: float) -> Models:
    """The models to train. `positive` and `negative` are how many labels there are of each."""
    weight = values.positive_example_weight_mult
    balanced = negative / max(positive, 1)
    weights = {"balanced": [balanced], "auto": [1.0, balanced]}.get(weight, [weight])
    rates = [(_RATE if values.learning_rate == "auto" else values.learning_rate) * factor for factor in _RATES]
    decays = list(_DECAYS) if values.wd == "auto" else [values.wd * factor for factor in (1.0, 0.1, 10.0, 100.0)]
    l1 = 0.0 if values.l1 == "auto" else values.l1
    pairs = [*itertools.product(decays, rates[:4]), *itertools.product(decays, rates[4:])]  # the closest first
    every = [(rate, decay, one) for decay, rate in pairs for one in weights]
    count = values.num_models
    if values.tuned:  # "This sets the number of parallel models, num_models, to 1": "Tune a linear learner model"
        count = 1
    elif count == "auto":
        count = max(1, min(_MODELS, _LARGEST // (columns * outputs)))
    chosen = np.array(every[:count])
    return Models(chosen[:, 0], chosen[:, 1], np.full(len(chosen), l1), chosen[:, 2])
