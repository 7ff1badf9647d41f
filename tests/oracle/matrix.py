"""Compare Salvia's policy evaluation with one that was not written here, on random cases.

    make matrix                     5,000 cases, of another seed each day
    make matrix ARGS='--keep'       the cases of `make test`: writes kept.json

The oracle is npm's @cloud-copilot/iam-simulate (AGPL-3.0), installed by its lock file into a folder of its own and
asked over a pipe: it is no part of Salvia, and not shipped. `kept.json` holds its answers to the cases of one seed, one
letter a case, so that tests need neither npm nor it. A case that Salvia allows and the oracle denies is a failure;
those that Salvia alone denies are counted by reason.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import starmap
from pathlib import Path
from typing import Any

from .cases import Cases
from .verdict import stricter, verdict

HERE = Path(__file__).parent
KEPT = HERE / "kept.json"
LETTERS = {"A": "Allowed", "E": "ExplicitlyDenied", "I": "ImplicitlyDenied", "X": "Error"}


def drawn(seed: int, number: int) -> list[dict[str, Any]]:
    """The cases of a seed."""
    cases = Cases(seed)
    return [cases.case() for _ in range(number)]


def digest(cases: list[dict[str, Any]]) -> str:
    """What tells cases from others."""
    return hashlib.sha256(json.dumps(cases).encode()).hexdigest()


def answers(cases: list[dict[str, Any]]) -> list[str]:
    """What the oracle says of each case."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc", "ask.mjs"):
            shutil.copy(HERE / name, folder)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True)
        asked = "".join(json.dumps(case) + "\n" for case in cases)
        done = subprocess.run(["node", "ask.mjs"], cwd=folder, input=asked, capture_output=True, text=True, check=True)
    return [said.partition(":")[0] for said in done.stdout.splitlines()]


def compare(cases: list[dict[str, Any]], said: list[str]) -> tuple[list[str], Counter[str]]:
    """The false allows, described, and how many other differences there are, by reason."""
    false_allows = []
    others: Counter[str] = Counter()
    for case, theirs in zip(cases, said, strict=True):
        ours = verdict(case)
        if ours == theirs or theirs == "Error":
            continue
        if ours == "Allowed":
            false_allows.append(f"oracle {theirs}, Salvia {ours}: {json.dumps(case)}")
        else:
            others[f"{theirs} → {ours}: {', or '.join(stricter(case)) or 'unexplained'}"] += 1
    return false_allows, others


def main() -> int:
    """Compare, print what differs, exit with 1 for a false allow."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=5000)
    options.add_argument("--seed", type=int)
    options.add_argument("--keep", action="store_true")
    chosen = options.parse_args()
    today = int(time.time() // 86_400)
    seed = chosen.seed if chosen.seed is not None else 1 if chosen.keep else today
    cases = drawn(seed, chosen.cases)
    said = answers(cases)
    for (theirs, ours), number in Counter(zip(said, map(verdict, cases), strict=True)).most_common():
        print(f"{number:6}  oracle {theirs:17} Salvia {ours}")
    false_allows, others = compare(cases, said)
    print("".join(starmap("{1:6}  {0}\n".format, others.most_common())), end="")
    print(*false_allows, sep="\n")
    print(f"seed {seed}, {len(cases)} cases, {len(false_allows)} false allows, {said.count('Error')} not answered")
    if chosen.keep:
        letters = {name: letter for letter, name in LETTERS.items()}
        kept = {
            "oracle": json.loads((HERE / "package.json").read_text())["dependencies"],
            "seed": seed,
            "digest": digest(cases),
            "answers": "".join(letters[one] for one in said),
        }
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    return 1 if false_allows else 0


if __name__ == "__main__":
    sys.exit(main())
