"""Run by a Python that has numpy, pandas and duckdb: data for the algorithms that are made of torch, below a folder.

    python torch_data.py FOLDER EXAMPLES

EXAMPLES has data.py, which knows where real data is.

us_employment   real: the US's employees in 148 industries, monthly from 1939 to 2019 (fpp3), the last year apart
sales           made up: daily, a weekly pattern, promotions of which each doubles a day's sales, two groups
reviews         real: how often 2,000 words occur in 3,000 film reviews; most common words left out
logins          made up: 300 users, each at home in one to three networks of 60
"""

import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np

HORIZON = 12
folder = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])


def written(name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def us_employment():
    from data import employment

    series = []
    table = employment()
    for name in table:
        known = table[name].loc[table[name].first_valid_index() :]
        target = known.astype(object).where(known.notna(), None).tolist()
        series.append({"start": str(known.index[0]), "target": target})
    written("us_employment/test/all.json", lines(series))
    cut = [{**one, "target": one["target"][:-HORIZON]} for one in series]
    written("us_employment/train/before.json", lines(cut))


def sales():
    random, series = np.random.default_rng(0), []
    for number in range(40):
        group = number % 2
        days, level = 200, random.uniform(20, 200)
        promoted = (random.random(days) < 0.15).astype(float)
        weekly = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(days) + 3 * group) / 7)
        target = level * weekly * (1 + promoted) * random.normal(1, 0.05, days)
        known = [None if random.random() < 0.03 else round(float(one), 3) for one in target]
        series.append(
            {"start": "2024-01-01 00:00:00", "target": known, "cat": [group], "dynamic_feat": [promoted.tolist()]}
        )
    cut = [{**one, "target": one["target"][:-7], "dynamic_feat": [one["dynamic_feat"][0][:-7]]} for one in series]
    written("sales/test/all.json", lines(series))
    written("sales/train/first.json.gz", gzip.compress(lines(cut[:20]).encode()))
    written("sales/rest.json", lines(cut[20:]))
    duckdb.execute(f"COPY (SELECT * FROM read_json('{folder}/sales/rest.json')) TO '{folder}/sales/train/rest.parquet'")


def reviews():
    from data import reviews as given

    texts = given().text
    chosen = np.random.default_rng(0).permutation(len(texts))[:3000]
    found = [re.findall(r"[a-z]{3,}", re.sub(r"<[^>]*>", " ", texts[one].lower())) for one in chosen]
    common = Counter(word for document in found for word in set(document))
    words = [word for word, _ in common.most_common(2100)[100:]]
    places = {word: at for at, word in enumerate(words)}
    counts = np.zeros((len(found), len(words)), int)
    for row, document in zip(counts, found, strict=True):
        for word in document:
            if word in places:
                row[places[word]] += 1
    for name, rows in (("train", counts[:2000]), ("validation", counts[2000:2500]), ("test", counts[2500:])):
        written(f"reviews/{name}/counts.csv", "".join(",".join(map(str, row)) + "\n" for row in rows))
    written("reviews/auxiliary/vocab.txt", "\n".join(words) + "\n")


def logins():
    random, pairs = np.random.default_rng(1), []
    networks = random.integers(0, 1 << 16, 60)  # the first 16 bits of each
    for user in range(300):
        homes = random.choice(networks, random.integers(1, 4), replace=False)
        fixed = [int(home) << 16 | int(random.integers(0, 1 << 16)) for home in homes]
        for _ in range(40):
            at = random.integers(0, len(homes))
            own = fixed[at] if random.random() < 0.5 else int(homes[at]) << 16 | int(random.integers(0, 1 << 16))
            pairs.append(f"user_{user},{'.'.join(map(str, own.to_bytes(4, 'big')))}\n")
    order, cut = random.permutation(len(pairs)), len(pairs) * 3 // 4
    written("logins/train/logins.csv", "".join(pairs[one] for one in order[:cut]))
    written("logins/validation/logins.csv", "".join(pairs[one] for one in order[cut:]))


for make in (us_employment, sales, reviews, logins):
    make()
