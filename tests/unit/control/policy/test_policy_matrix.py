"""Policy evaluation beside an evaluator that was not written here: its kept answers, `tests/oracle/kept.json`."""

from __future__ import annotations

import json

from tests.oracle.matrix import KEPT, LETTERS, compare, digest, drawn


def test_nothing_is_allowed_that_an_independent_evaluator_denies() -> None:
    """5,000 random cases; `make matrix ARGS=--keep` asks the oracle anew. What Salvia alone denies has a reason."""
    kept = json.loads(KEPT.read_text())
    cases = drawn(kept["seed"], len(kept["answers"]))
    assert len(cases) >= 5000
    assert digest(cases) == kept["digest"], "other cases than were asked about: run make matrix ARGS=--keep"
    said = [LETTERS[letter] for letter in kept["answers"]]
    assert min(said.count(one) for one in ("Allowed", "ExplicitlyDenied", "ImplicitlyDenied")) > 500
    assert said.count("Error") < 50
    false_allows, others = compare(cases, said)
    assert not false_allows
    assert not [reason for reason in others if "unexplained" in reason]
    assert others.total() < len(cases) / 100
