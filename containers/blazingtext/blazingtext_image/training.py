"""Training of word vectors, or of a classifier of texts. Source: SageMaker developer guide, "BlazingText algorithm"."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

from salvia_toolkit.algorithm import texts
from salvia_toolkit.algorithm.alone import Algorithm
from salvia_toolkit.algorithm.contract import Channel, Contract
from salvia_toolkit.algorithm.failures import ClientError
from salvia_toolkit.algorithm.log import say, warn
from salvia_toolkit.algorithm.texts import PREFIX, Example

from . import similarity
from .fasttext import SUPERVISED, Model

_TRAIN, _VALIDATION = "train", "validation"
CLASSIFIER, VECTORS, TEXT, EVALUATION = "model.bin", "vectors.bin", "vectors.txt", "eval.json"


def check(values: SimpleNamespace) -> None:
    """Raise ClientError for hyperparameters that do not go together."""
    if values.subwords and values.min_char > values.max_char:
        raise ClientError(f"Hyperparameter min_char is {values.min_char}, more than max_char, {values.max_char}.")


def train(values: SimpleNamespace, job: Contract) -> None:
    """Train, and leave AWS's files: model.bin, or vectors.txt, vectors.bin and eval.json."""
    job.model_directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if values.mode == SUPERVISED:
            _classifier(values, job, Path(folder))
        else:
            _vectors(values, job, Path(folder))


def _classifier(values: SimpleNamespace, job: Contract, folder: Path) -> None:
    file, held_out = folder / _TRAIN, folder / _VALIDATION
    known = _written(job.channels[_TRAIN], file)[1]
    if len(known) < 2:
        raise ClientError(f"Channel {_TRAIN!r} has one label only, {PREFIX}{min(known)}: there is nothing to learn.")
    count = 0
    if _VALIDATION in job.channels:
        count, labels = _written(job.channels[_VALIDATION], held_out)
        if strange := sorted(labels - known):
            warn(f"Channel {_VALIDATION!r} has labels that {_TRAIN!r} lacks: {', '.join(strange[:5])}.")
    elif values.early_stopping:
        raise ClientError("early_stopping watches the accuracy on the channel validation. Give it, or set it to False.")
    chosen: Model | None = None
    best, of = -1.0, 0
    # fastText cannot pause: each number of epochs is a training of its own.
    for epochs in range(
        min(values.min_epochs, values.epochs) if values.early_stopping else values.epochs, values.epochs + 1
    ):
        model = _trained(values, file, epochs)
        accuracy = model.right(held_out) / count if count else 0.0
        if values.early_stopping:
            say(f"{epochs} epochs: validation accuracy {accuracy:.6g}")
        if accuracy > best:
            chosen, best, of = model, accuracy, epochs
        elif epochs - of >= values.patience:
            break
    assert chosen is not None
    if values.early_stopping:
        say(f"The model of {of} epochs is kept.")
    if count:
        say(f"#validation_accuracy: {best:.6g}")
        say(f"Number of validation examples: {count}")
    chosen.save(job.model_directory / CLASSIFIER)
    say(f"Saved {CLASSIFIER}: {len(known)} labels, {len(chosen.words())} words.")


def _vectors(values: SimpleNamespace, job: Contract, folder: Path) -> None:
    pairs = None
    if values.evaluation is not False and similarity.CHANNEL in job.channels:
        pairs = similarity.pairs(job.channels[similarity.CHANNEL])
    elif values.evaluation:
        raise ClientError(
            "Hyperparameter evaluation: WordSimilarity-353, which AWS evaluates on, does not come with this image. "
            f"Give its files as a channel named {similarity.CHANNEL}, or set evaluation to False."
        )
    file = folder / _TRAIN
    with file.open("w", encoding="utf-8") as written:
        for example in texts.some(job.channels[_TRAIN], labelled=False):
            written.write(f"{example.text}\n")
    model = _trained(values, file, values.epochs)
    words = model.words()
    with (job.model_directory / TEXT).open("w", encoding="utf-8") as written:
        written.write(f"{len(words)} {model.dimension}\n")
        for word in words:
            written.write(f"{word} {' '.join(f'{value:.5g}' for value in model.vector(word).tolist())}\n")
    model.save(job.model_directory / VECTORS)
    if pairs is not None:
        told = similarity.evaluated(model, pairs)
        (job.model_directory / EVALUATION).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        say(f"#mean_rho: {told['mean_rho']:.6g}")
    say(f"Saved {TEXT} and {VECTORS}: {len(words)} words, {model.dimension} dimensions.")


def _written(channel: Channel, file: Path) -> tuple[int, set[str]]:
    """The channel as fastText reads it; how many lines, and which labels. Raises ClientError."""
    count, known = 0, set()
    with file.open("w", encoding="utf-8") as written:
        for example in texts.some(channel, labelled=True):
            count += 1
            known.update(_checked(example))
            labels = " ".join(PREFIX + label for label in example.labels)
            written.write(f"{labels} {' '.join(example.text.split())}\n")
    return count, known


def _checked(example: Example) -> tuple[str, ...]:
    for label in example.labels:
        if len(label.split()) != 1:
            raise example.wrong(f"the label {label!r} must be one word. Write for instance {'_'.join(label.split())}.")
    return example.labels


def _trained(values: SimpleNamespace, file: Path, epochs: int) -> Model:
    try:
        return Model.trained(values, file, epochs)
    except MemoryError:
        raise
    except Exception as problem:  # whatever it is, fastText has a sentence for it
        said = str(problem)
        if "Empty vocabulary" in said:
            raise ClientError(
                f"Channel {_TRAIN!r}: no word occurs min_count times, which is {values.min_count}. Lower it, or give "
                "more text."
            ) from problem
        if "NaN" in said:
            raise ClientError(
                f"The training diverged at learning_rate {values.learning_rate:g}. Lower it."
            ) from problem
        raise


ALGORITHM = Algorithm("BlazingText", train, (_TRAIN, _VALIDATION, similarity.CHANNEL), check)
