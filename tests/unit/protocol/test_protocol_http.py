"""Headers as a case-insensitive multi-map."""

from __future__ import annotations

import pytest

from salvia.core.http import Headers, HttpRequest


def test_names_do_not_know_upper_case() -> None:
    """RFC 9110, 5.1."""
    headers = Headers([("Host", "a"), ("X-A", "1"), ("x-a", "2")])
    assert (headers.get("HOST"), headers["x-A"], headers.all("X-A")) == ("a", "1", ["1", "2"])
    assert "hOsT" in headers
    assert headers.get("absent") is None
    assert headers.get("absent", "x") == "x"
    assert headers.all("absent") == []
    with pytest.raises(KeyError):
        headers["absent"]


def test_order_and_repetition_are_kept() -> None:
    """A signature covers all values of a name, in order."""
    pairs = [("b", "1"), ("a", "2"), ("b", "3")]
    assert Headers(pairs).items() == pairs
    assert (list(Headers(pairs)), len(Headers(pairs))) == (["b", "a"], 3)
    assert Headers(pairs) == Headers(pairs)


def test_a_repr_shows_no_values() -> None:
    """They carry signatures and tokens."""
    assert "s3cr3t" not in repr(Headers([("Authorization", "s3cr3t")]))


def test_the_host_is_the_header_as_sent() -> None:
    """With its port; absent it is empty."""
    assert HttpRequest("GET", "/", headers=Headers([("host", "h:1")])).host == "h:1"
    assert HttpRequest("GET", "/").host == ""
