"""Which hosts are sites, and which cookies are whose."""

from __future__ import annotations

import pytest

from salvia.serving import sites


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("mine.notebook.localhost:7258", "mine.notebook"),
        ("MINE.Notebook.LocalHost.", "mine.notebook"),
        ("x-1.app.localhost", "x-1.app"),
        ("studio.localhost", None),
        ("notebook.localhost", None),
        ("a.b.notebook.localhost", None),
        ("-.notebook.localhost", None),
        ("mine.notebook.localhost.example.com", None),
        ("mine.notebook.example.com", None),
        ("", None),
    ],
)
def test_a_site_is_one_name_below_notebook_or_app(host: str, label: str | None) -> None:
    """A bucket may have any other name, and Studio has its own."""
    assert sites.label(host, "localhost") == label


def test_a_server_sees_its_own_cookies_alone() -> None:
    header = "_xsrf=2|a; salvia-notebook=x; __Host-salvia-session=y; Salvia-Session=z;; user=me"
    assert sites.kept_cookies(header) == "_xsrf=2|a; user=me"
    assert sites.settable("_xsrf=1; Path=/")
    assert not sites.settable("__Host-salvia-notebook=1; Path=/")
    assert not sites.settable("a=1; Path=/;  DOMAIN = localhost")
