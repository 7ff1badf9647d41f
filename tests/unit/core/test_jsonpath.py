"""Source: developer guide, "Associate prediction results with input records", "Supported JSONPath operators"; what the
library JsonPath of Java answers, to which that page refers."""

from __future__ import annotations

from typing import Any

import pytest

from salvia.core.jsonpath import JsonPath

DOCUMENT: dict[str, Any] = {
    "id": 7,
    "features": [1, 2, 3, 4],
    "with space": {"a": {"x": 1}, "b": {"x": 2}},
    "it's": 0,
    "Größe_1": True,
    "list": [{"x": 1}, {"x": 2}],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", DOCUMENT),
        ("$.id", 7),
        ("$['id']", 7),
        ("$.['id']", 7),
        ('$["id"]', 7),
        ("$['id','features']", {"id": 7, "features": [1, 2, 3, 4]}),
        ("$[ 'id' , 'features' ]", {"id": 7, "features": [1, 2, 3, 4]}),
        ("$.features", [1, 2, 3, 4]),
        ("$.features[0]", 1),
        ("$.features[-1]", 4),
        ("$.features[0,-1]", [1, 4]),
        ("$.features[1:]", [2, 3, 4]),
        ("$.features[:2]", [1, 2]),
        ("$.features[1:3]", [2, 3]),
        ("$.features[0:-1]", [1, 2, 3]),
        ("$.features[0,2:]", [1, 3, 4]),
        ("$.features[9:]", []),
        ("$.features.*", [1, 2, 3, 4]),
        ("$['with space'].*", [{"x": 1}, {"x": 2}]),
        ("$['with space'][*].x", [1, 2]),
        ("$['with space'].a.x", 1),
        ("$.list[*].x", [1, 2]),
        ("$.list[1:].x", [2]),
        (r"$['it\'s']", 0),
        ("$.Größe_1", True),
    ],
)
def test_paths_find(path: str, expected: object) -> None:
    assert JsonPath(path).select(DOCUMENT) == expected


@pytest.mark.parametrize(
    "path", ["", "id", "$.", "$..id", "$[", "$['a]", "$[?(@.x)]", "$[1:2:3]", "$.a b", "$ ", "$[a]"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match=r"operator|begin"):
        JsonPath(path)


@pytest.mark.parametrize("path", ["$.none", "$['id','none']", "$.features[4]", "$.features[-5]", "$.id[0]", "$.id.*"])
def test_what_is_not_there(path: str) -> None:
    with pytest.raises(LookupError):
        JsonPath(path).select(DOCUMENT)


def test_rows_have_indexes_alone() -> None:
    assert [JsonPath(path).positional for path in ("$", "$[1:]", "$[*]", "$.a", "$[0]['b']")] == [
        True,
        True,
        True,
        False,
        False,
    ]
