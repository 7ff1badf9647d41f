"""fastText's own object, without its Python module: that one's `predict` fails on numpy 2."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fasttext_pybind as library  # type: ignore[import-not-found]
import numpy as np
from salvia_toolkit.algorithm.program import SEED
from salvia_toolkit.algorithm.texts import PREFIX
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.formats.matrix import Array

from . import binary

SUPERVISED = "supervised"
_MODELS = {
    SUPERVISED: library.model_name.supervised,
    "cbow": library.model_name.cbow,
    "skipgram": library.model_name.skipgram,
    "batch_skipgram": library.model_name.skipgram,  # its updates, one after the other
}


class Model:
    """A model of fastText: vectors of words, or a classifier."""

    def __init__(self, model: Any) -> None:
        self._model = model
        told = model.getArgs()
        self.supervised: bool = told.model == library.model_name.supervised
        self.dimension: int = told.dim

    @classmethod
    def trained(cls, values: SimpleNamespace, file: Path, epochs: int) -> Model:
        """Of a file with a text a line. Raises ValueError or RuntimeError, in fastText's words."""
        model = library.fasttext()
        library.train(model, _arguments(values, file, epochs))
        return cls(model)

    @classmethod
    def loaded(cls, file: Path) -> Model:
        """Of a file that fastText, or AWS's BlazingText, wrote. Raises ValueError."""
        binary.check(file)
        model = library.fasttext()
        model.loadModel(str(file))
        return cls(model)

    def save(self, file: Path) -> None:
        """As fastText does."""
        self._model.saveModel(str(file))

    def words(self) -> list[str]:
        """The vocabulary, the most frequent first; without the end of a line, which fastText counts as a word."""
        return [word for word in self._model.getVocab("replace")[0] if word != "</s>"]

    def has(self, word: str) -> bool:
        """Whether the word is in the vocabulary."""
        return bool(self._model.getWordId(word) >= 0)

    def vector(self, word: str) -> Array:
        """A word's vector; zeros for one that is neither in the vocabulary nor made of known parts."""
        found = library.Vector(self.dimension)
        self._model.getWordVector(found, word)
        return np.array(found)

    def predict(self, text: str, k: int) -> list[tuple[float, str]]:
        """The k most probable labels, the most probable first."""
        found = self._model.predict(" ".join(text.split()) + "\n", k, 0.0, "replace")
        return [(min(probability, 1.0), label) for probability, label in found]

    def right(self, file: Path) -> int:
        """In how many lines the most probable label is one of the line's."""
        count, precision, _ = self._model.test(str(file), 1, 0.0)
        return round(count * precision)


def _arguments(values: SimpleNamespace, file: Path, epochs: int) -> Any:
    told = library.args()
    told.input = str(file)
    told.model = _MODELS[values.mode]
    told.label = PREFIX
    told.lr, told.epoch, told.dim = values.learning_rate, epochs, values.vector_dim
    told.minCount, told.minCountLabel = values.min_count, 0
    told.thread, told.seed, told.verbose = usable_cores(), SEED, 0
    told.minn = told.maxn = 0
    if values.mode == SUPERVISED:
        told.loss = library.loss_name.softmax
        told.wordNgrams = values.word_ngrams
        told.bucket = values.buckets if values.word_ngrams > 1 else 0
    else:
        told.loss = library.loss_name.ns
        told.neg, told.t, told.ws = values.negative_samples, values.sampling_threshold, values.window_size
        told.wordNgrams = 1
        if values.subwords:
            told.minn, told.maxn = values.min_char, values.max_char
        told.bucket = values.buckets if values.subwords else 0
    return told
