"""Training: the words of the texts, and a logistic regression on them."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
from salvia_toolkit.algorithm import artefact, classification, texts
from salvia_toolkit.algorithm.alone import Algorithm
from salvia_toolkit.algorithm.artefact import Artefact
from salvia_toolkit.algorithm.contract import Channel, Contract
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say, warn
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found]

from . import words
from .model import NAME, Words

_TRAIN, _VALIDATION = "train", "validation"


def train(values: SimpleNamespace, job: Contract) -> None:
    """Train, report on the validation channel, and leave the artefact."""
    found, labels = _read(job.channels[_TRAIN])
    classes = classification.classes(labels, _TRAIN)
    vectorizer = words.learner(values.word_ngrams, values.lowercase, values.min_count, values.max_features)
    try:
        features = vectorizer.fit_transform(found)
    except ValueError as problem:
        raise ClientError(
            f"Channel {_TRAIN!r}: no word is in min_count texts, which is {values.min_count}. Lower it, or give more."
        ) from problem
    say(f"{features.shape[0]} texts, {features.shape[1]} features, {len(classes)} classes.")
    model = LogisticRegression(
        C=values.c,
        class_weight=None if values.class_weight == "none" else values.class_weight,
        max_iter=values.max_iterations,
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.fit(features, labels)
    if any(issubclass(one.category, ConvergenceWarning) for one in said):
        warn(f"The training has not converged in max_iterations, which is {values.max_iterations}.")
    artefact.write(
        Artefact(
            {
                "idf": vectorizer.idf_.astype(np.float32),
                "weights": model.coef_.T.astype(np.float32),
                "bias": model.intercept_.astype(np.float32),
            },
            {
                "classes": classes,
                "word_ngrams": values.word_ngrams,
                "lowercase": values.lowercase,
                "vocabulary": vectorizer.get_feature_names_out().tolist(),
            },
        ),
        NAME,
        job.model_directory,
    )
    if _VALIDATION in job.channels:
        held_out, given = _read(job.channels[_VALIDATION])
        trained = Words(artefact.read(job.model_directory, NAME))
        classification.report(_VALIDATION, classes, given, trained.scores(held_out))
    say("Saved the model.")


def _read(channel: Channel) -> tuple[list[str], list[str]]:
    """The texts and their labels. Raises ClientError, also where a text has several."""
    found, labels = [], []
    for example in texts.some(channel, labelled=True):
        if len(example.labels) > 1:
            raise example.wrong(f"has {len(example.labels)} labels; here each text has one. BlazingText takes several.")
        found.append(example.text)
        labels.append(example.labels[0])
    return found, labels


ALGORITHM = Algorithm(NAME, train, (_TRAIN, _VALIDATION))
