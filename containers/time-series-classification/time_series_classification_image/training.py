"""Training: MiniRocket's features of the series, and a ridge classifier on them, as the authors of both have it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from salvia_toolkit.algorithm import artefact, classification
from salvia_toolkit.algorithm.alone import Algorithm
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.contract import Contract
from salvia_toolkit.algorithm.log import say
from sklearn.linear_model import RidgeClassifierCV  # type: ignore[import-not-found]

from . import minirocket, series
from .model import NAME, Series

_TRAIN, _TEST = "train", "test"
_ALPHAS = np.logspace(-3, 3, 10)


def train(values: SimpleNamespace, job: Contract) -> None:
    """Train, leave the artefact, and report on the test channel."""
    found, labels = series.read(job.channels[_TRAIN])
    classes = classification.classes(labels, _TRAIN)
    held_out = series.read(job.channels[_TEST], found.shape[1:]) if _TEST in job.channels else None
    transform = minirocket.fitted(found, values.num_features, values.max_dilations, values.seed)
    features = transform.features(found)
    deviation = features.std(axis=0)
    deviation[deviation == 0] = 1
    model = RidgeClassifierCV(alphas=_ALPHAS).fit(features / deviation, labels)
    say(f"{features.shape[1]} features, {len(classes)} classes; the regularization is {model.alpha_:g}.")
    trained = Artefact(
        {
            **transform._asdict(),
            "weights": (np.atleast_2d(model.coef_).T / deviation[:, None]).astype(np.float32),
            "bias": np.atleast_1d(model.intercept_).astype(np.float32),
        },
        {"classes": classes, "length": found.shape[2]},
    )
    artefact.write(trained, NAME, job.model_directory)
    if held_out is not None:
        classification.report(_TEST, classes, held_out[1], Series(trained).scores(list(held_out[0])))
    say("Saved the model.")


ALGORITHM = Algorithm(NAME, train, (_TRAIN, _TEST))
