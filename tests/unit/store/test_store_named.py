"""Named parameters as PostgreSQL numbers them. Source: its manual, "Lexical structure"."""

from __future__ import annotations

import pytest

from salvia.store.named import numbered


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ("SELECT 1", ())),
        ("a = :a AND b = :b", ("a = $1 AND b = $2", ("a", "b"))),
        (":now < a OR :b OR :now > c", ("$1 < a OR $2 OR $1 > c", ("now", "b"))),
        ("':no' = :yes || 'it''s :not'", ("':no' = $1 || 'it''s :not'", ("yes",))),
        (":x::text", ("$1::text", ("x",))),
        ('":quoted" = :a1_b', ('":quoted" = $1', ("a1_b",))),
    ],
)
def test_each_name_has_one_number(sql: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert numbered(sql) == expected
