"""Real data as algorithms take it: `python data.py NAME FOLDER`, by the Python of the SDK's version 2.

FOLDER gets `train/` in two files, so that each of two instances has its own; `unseen`, what an endpoint is asked; and
`labels.json`, what is true of that.
"""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
from sagemaker.amazon.common import write_spmatrix_to_sparse_tensor
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))
import data


def _csv(folder, rows, known, label):
    """Label first, if there is one; the first rows are trained on."""
    features = rows.drop(columns=label)
    train = rows if label in rows.columns[:1] else features
    for part in (0, 1):
        train[part:known:2].to_csv(folder / "train" / f"part-{part}.csv", index=False, header=False)
    features[known:].to_csv(folder / "unseen", index=False, header=False)
    (folder / "labels.json").write_text(json.dumps(rows[label][known:].tolist()))


def churn(folder):
    """5,000 customers, words as numbers; whether each left."""
    import pandas as pd

    rows = pd.get_dummies(data.churn().drop(columns="state"), drop_first=True, dtype=int)
    _csv(folder, rows.sample(frac=1, random_state=1), 4000, "churn")


def customers(folder):
    """The same ones; of those that are known, a fifth validates."""
    churn(folder)
    (folder / "validation").mkdir()
    for part in (folder / "train").iterdir():
        rows = part.read_text().splitlines(keepends=True)
        part.write_text("".join(rows[400:]))
        (folder / "validation" / part.name).write_text("".join(rows[:400]))


def shuttle(folder):
    """12,000 readings without labels, 3,000 to be scored; each column has deviation 1."""
    rows = data.shuttle().sample(15_000, random_state=1)
    names = rows.columns[:-1]
    rows[names] = (rows[names] - rows[names].mean()) / rows[names].std()
    _csv(folder, rows, 12_000, "anomaly")


def ratings(folder):
    """Who rated what, and how: 90,000 ratings, 10,000 to be foretold."""
    rows = data.ratings().sample(frac=1, random_state=1)
    users, films = rows.user.max() + 1, rows.item.max() + 1

    def written(part):
        columns = np.stack([part.user, users + part.item], axis=1).ravel()
        ones, starts = np.ones(len(columns), np.float32), np.arange(0, len(columns) + 1, 2)
        made = io.BytesIO()
        shape = (len(part), users + films)
        write_spmatrix_to_sparse_tensor(
            made, csr_matrix((ones, columns, starts), shape=shape), part.rating.to_numpy(np.float32)
        )
        return made.getvalue()

    for part in (0, 1):
        (folder / "train" / f"part-{part}.pbr").write_bytes(written(rows[part:90_000:2]))
    (folder / "unseen").write_bytes(written(rows[90_000:]))
    (folder / "labels.json").write_text(json.dumps(rows.rating[90_000:].tolist()))
    rows[:90_000].to_csv(folder / "known.csv", index=False)
    rows[90_000:].to_csv(folder / "asked.csv", index=False)


def words(folder):
    """How often each of 1,000 words stands in a review: 2,000 reviews, 500 of them unseen."""
    texts = data.reviews().text.sample(2_500, random_state=1).str.lower().str.findall("[a-z]{4,}")
    counts = texts.explode().value_counts()
    place = {word: number for number, word in enumerate(counts.index[30:1030])}
    rows = np.zeros((len(texts), len(place)), int)
    for row, text in enumerate(texts):
        for word in text:
            if word in place:
                rows[row, place[word]] += 1
    (folder / "test").mkdir()
    for name, part in (("train/part-0.csv", rows[:2000]), ("test/rows.csv", rows[2000:]), ("unseen", rows[2000:])):
        np.savetxt(folder / name, part, "%d", ",")
    (folder / "labels.json").write_text("[]")


def reviews(folder):
    """8,000 reviews as fastText takes them, 2,000 to be judged; lower case, a space around punctuation."""
    rows = data.reviews().sample(10_000, random_state=1)
    texts = rows.text.str.lower().str.replace("<br />", " ").str.replace(r"([.,!?()\"'])", r" \1 ", regex=True)
    texts = texts.str.split().str.join(" ")
    lines = [f"__label__{label} {text}\n" for label, text in zip(rows.label, texts, strict=True)]
    (folder / "validation").mkdir()
    for part in (0, 1):
        (folder / "train" / f"part-{part}.txt").write_text("".join(lines[part:8000:2]))
    (folder / "validation" / "reviews.txt").write_text("".join(lines[8000:]))
    (folder / "unseen").write_text("".join(json.dumps({"source": text}) + "\n" for text in texts[8000:]))
    (folder / "labels.json").write_text(json.dumps([str(label) for label in rows.label[8000:]]))


def remarks(folder):
    """The last 60 words of 5,000 reviews, and of 1,000 to be judged: CSV, those with the header that pipelines read."""
    rows = data.reviews().sample(6_000, random_state=1)
    texts = rows.text.str.replace("<br />", " ").str.split().str[-60:].str.join(" ")
    for part in (0, 1):
        with (folder / "train" / f"part-{part}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(zip(rows.label[part:5000:2], texts[part:5000:2], strict=True))
    texts[5000:].rename("inputs").to_csv(folder / "unseen", index=False)
    (folder / "labels.json").write_text(json.dumps([str(label) for label in rows.label[5000:]]))


def employment(folder):
    """The United States' industries, each month from 1990; the last year is to be foretold."""
    table = data.employment()["1990":]
    table = table.loc[:, table.notna().all()]

    def lines(names):
        series = ({"start": str(table.index[0]), "target": table[name][:-12].tolist()} for name in names)
        return "".join(json.dumps(one) + "\n" for one in series)

    for part in (0, 1):
        (folder / "train" / f"part-{part}.json").write_text(lines(table.columns[part::2]))
    (folder / "unseen").write_text(lines(table.columns))
    (folder / "labels.json").write_text(json.dumps([table[name][-12:].tolist() for name in table]))


def logins(folder):
    """Made up: 300 users, each at home in one to three networks, half of the times at an address that they had before.

    9,000 logins; 3,000 that are to be told from as many in which the address is somebody else's.
    """
    random, pairs = np.random.default_rng(1), []
    networks = random.integers(0, 1 << 16, 60)  # the first 16 bits of each
    for user in range(300):
        homes = random.choice(networks, random.integers(1, 4), replace=False)
        known = (homes << 16) + random.integers(0, 1 << 16, len(homes))
        for at in random.integers(0, len(homes), 40):
            other = (homes[at] << 16) + random.integers(0, 1 << 16)
            address = int(known[at] if random.random() < 0.5 else other)
            pairs.append((f"user_{user}", ".".join(map(str, address.to_bytes(4, "big")))))
    pairs = [pairs[place] for place in random.permutation(len(pairs))]
    seen = pairs[9_000:]
    swapped = [(user, seen[place][1]) for (user, _), place in zip(seen, random.permutation(len(seen)), strict=True)]
    for name, some in (("train/part-0.csv", pairs[:9_000:2]), ("train/part-1.csv", pairs[1:9_000:2])):
        (folder / name).write_text("".join(f"{user},{address}\n" for user, address in some))
    (folder / "unseen").write_text("".join(f"{user},{address}\n" for user, address in seen + swapped))
    (folder / "labels.json").write_text(json.dumps([1] * len(seen) + [0] * len(swapped)))


def leaves(folder):
    """OSULeaf: 200 outlines of leaves of six trees, and 242 that are unseen."""
    known, asked = data.series("OSULeaf", "TRAIN"), data.series("OSULeaf", "TEST")
    known.to_csv(folder / "train" / "part-0.csv", index=False, header=False)
    asked.drop(columns="label").to_csv(folder / "unseen", index=False, header=False)
    (folder / "labels.json").write_text(json.dumps([str(label) for label in asked.label]))


if __name__ == "__main__":
    name, where = sys.argv[1], Path(sys.argv[2])
    (where / "train").mkdir(parents=True)
    globals()[name](where)
