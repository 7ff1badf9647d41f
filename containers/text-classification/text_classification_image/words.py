"""A text as numbers: how often it has which words, in proportion to how rare they are (TF-IDF)."""

from __future__ import annotations

from collections.abc import Sequence

from salvia_toolkit.formats.matrix import Array
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-not-found]


def learner(word_ngrams: int, lowercase: bool, min_count: int, max_features: int) -> TfidfVectorizer:
    """One that has yet to find its words."""
    return TfidfVectorizer(
        ngram_range=(1, word_ngrams),
        lowercase=lowercase,
        min_df=min_count,
        max_features=max_features,
        sublinear_tf=True,
    )


def known(word_ngrams: int, lowercase: bool, vocabulary: Sequence[str], idf: Array) -> TfidfVectorizer:
    """One with the words that an earlier one found."""
    made = TfidfVectorizer(
        ngram_range=(1, word_ngrams), lowercase=lowercase, vocabulary=list(vocabulary), sublinear_tf=True
    )
    made.idf_ = idf
    return made
