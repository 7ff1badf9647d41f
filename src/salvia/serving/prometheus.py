"""What all processes of a data directory counted, in Prometheus' text format.

Each process keeps its sums in a file of the `run` folder, which outlives it: sums never fall until `salvia up`.
Source: Prometheus, "Text-based format" and "Histograms and summaries".
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from salvia.core import files, ids

CONTENT_TYPE = "text/plain; version=0.0.4"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_COUNTERS = (
    ("invocations", "Requests that were sent to a variant."),
    ("invocation_4xx_errors", "Requests that the model answered with a 4xx status."),
    ("invocation_5xx_errors", "Requests that the model answered with a 5xx status, or that nobody could answer."),
    ("invocation_model_errors", "Requests without an answer of status 2xx."),
)
_HISTOGRAMS = (
    ("model_latency_seconds", "How long the model took."),
    ("overhead_latency_seconds", "How long everything else took."),
)
# Those of variants with many models. What is new comes last: files of an older version have the first ones.
_COUNTERS_OF_MANY = (
    ("model_requests", "Requests for one of many models."),
    ("model_cache_hits", "Requests whose model was loaded already."),
)
_HISTOGRAMS_OF_MANY = (
    ("model_loading_wait_seconds", "How long a request waited for its model."),
    ("model_downloading_seconds", "How long a model's download took."),
    ("model_loading_seconds", "How long a container took to load a model."),
    ("model_unloading_seconds", "How long a container took to unload a model."),
)
_ALL_COUNTERS, _ALL_HISTOGRAMS = _COUNTERS + _COUNTERS_OF_MANY, _HISTOGRAMS + _HISTOGRAMS_OF_MANY
Labels = tuple[str, str, str, str]  # account, region, endpoint, variant


@dataclass(slots=True)
class Sums:
    """Of one variant: its counters, and of each histogram the buckets (not summed up) and the total."""

    counters: list[int] = field(default_factory=lambda: [0] * len(_ALL_COUNTERS))
    buckets: list[list[int]] = field(default_factory=lambda: [[0] * (len(_BOUNDS) + 1) for _ in _ALL_HISTOGRAMS])
    totals: list[float] = field(default_factory=lambda: [0.0] * len(_ALL_HISTOGRAMS))

    @classmethod
    def read(cls, counters: list[int], buckets: list[list[int]], totals: list[float]) -> Sums:
        """What a process wrote; one of an older version knew fewer figures."""
        sums = cls()
        sums.counters[: len(counters)] = counters
        sums.buckets[: len(buckets)] = buckets
        sums.totals[: len(totals)] = totals
        return sums

    @property
    def of_many(self) -> bool:
        """Whether the variant has many models: one that has not shows nothing of them."""
        return self.counters[len(_COUNTERS)] > 0

    def add(self, counters: Iterable[int], latencies: Iterable[Counter[int]]) -> None:
        """Add what was counted meanwhile; latencies are in microseconds."""
        self.counters = [one + more for one, more in zip(self.counters, counters, strict=True)]
        for n, seen in enumerate(latencies):
            for micros, times in seen.items():
                self.buckets[n][bisect_left(_BOUNDS, micros / 1e6)] += times
                self.totals[n] += micros / 1e6 * times

    def merge(self, other: Sums) -> None:
        """Add another process's."""
        self.counters = [one + more for one, more in zip(self.counters, other.counters, strict=True)]
        self.totals = [one + more for one, more in zip(self.totals, other.totals, strict=True)]
        self.buckets = [
            [one + more for one, more in zip(mine, theirs, strict=True)]
            for mine, theirs in zip(self.buckets, other.buckets, strict=True)
        ]


class Board:
    """The sums of this process, and where all keep theirs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{ids.row_id()}.json"
        self._sums: dict[Labels, Sums] = {}

    def add(self, labels: Labels, counters: Iterable[int], latencies: Iterable[Counter[int]]) -> None:
        """Count."""
        self._sums.setdefault(labels, Sums()).add(counters, latencies)

    def save(self) -> None:
        """Let other processes see it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        content = [[[*labels], sums.counters, sums.buckets, sums.totals] for labels, sums in self._sums.items()]
        files.replace(self._path, orjson.dumps(content))

    def text(self) -> str:
        """What a scraper reads."""
        found: dict[Labels, Sums] = {}
        for path in sorted(self._folder.glob("*.json")):
            for labels, *content in orjson.loads(path.read_bytes()):
                found.setdefault(tuple(labels), Sums()).merge(Sums.read(*content))
        return "".join([*_counters(found), *_histograms(found)])


def _counters(found: dict[Labels, Sums]) -> Iterable[str]:
    for n, (name, about) in enumerate(_ALL_COUNTERS):
        yield f"# HELP salvia_{name}_total {about}\n# TYPE salvia_{name}_total counter\n"
        for labels, sums in _showing(found, n >= len(_COUNTERS)):
            yield f"salvia_{name}_total{{{_spelled(labels)}}} {sums.counters[n]}\n"


def _histograms(found: dict[Labels, Sums]) -> Iterable[str]:
    for n, (name, about) in enumerate(_ALL_HISTOGRAMS):
        yield f"# HELP salvia_{name} {about}\n# TYPE salvia_{name} histogram\n"
        for labels, sums in _showing(found, n >= len(_HISTOGRAMS)):
            spelled, total = _spelled(labels), 0
            for bound, times in zip((*map(str, _BOUNDS), "+Inf"), sums.buckets[n], strict=True):
                total += times
                yield f'salvia_{name}_bucket{{{spelled},le="{bound}"}} {total}\n'
            yield f"salvia_{name}_sum{{{spelled}}} {sums.totals[n]:.6f}\n"
            yield f"salvia_{name}_count{{{spelled}}} {total}\n"


def _showing(found: dict[Labels, Sums], of_many: bool) -> Iterable[tuple[Labels, Sums]]:
    return ((labels, sums) for labels, sums in found.items() if sums.of_many or not of_many)


def _spelled(labels: Labels) -> str:
    # Names of endpoints and variants hold letters, digits and hyphens, says the model: nothing is to be escaped.
    account, region, endpoint, variant = labels
    return f'account="{account}",region="{region}",endpoint="{endpoint}",variant="{variant}"'
