"""What a scraper reads: the sums of all processes that ever ran on a data directory."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from salvia.serving.prometheus import Board

LABELS = ("123456789012", "us-east-1", "endpoint", "AllTraffic")
SPELLED = 'account="123456789012",region="us-east-1",endpoint="endpoint",variant="AllTraffic"'


def test_what_an_older_version_counted_still_counts(tmp_path: Path) -> None:
    """Its file has no figures of many models, which came later; counters never fall."""
    board = Board(tmp_path)
    board.add(LABELS, (2, 0, 0, 0, 1, 1), [Counter({1000: 2}), Counter({100: 2}), *[Counter[int]()] * 4])
    board.save()
    (file,) = tmp_path.iterdir()
    ((labels, counters, buckets, totals),) = json.loads(file.read_bytes())
    older = [[labels, counters[:4], buckets[:2], totals[:2]]]
    (tmp_path / "older.json").write_text(json.dumps(older))
    text = board.text()
    assert f"salvia_invocations_total{{{SPELLED}}} 4\n" in text
    assert f"salvia_model_latency_seconds_count{{{SPELLED}}} 4\n" in text
    assert f"salvia_model_requests_total{{{SPELLED}}} 1\n" in text
