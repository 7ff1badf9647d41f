"""The page on coverage says what the dispatch table says."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from salvia.cli import cli

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_command_prints() -> None:
    """Else: `salvia coverage --markdown > docs/coverage.md`."""
    printed = CliRunner().invoke(cli, ["coverage", "--markdown"], catch_exceptions=False).output
    assert (DOCS / "coverage.md").read_text() == printed


def test_every_operation_is_there_or_missing() -> None:
    printed = CliRunner().invoke(cli, ["coverage", "sts"], catch_exceptions=False).output.splitlines()
    assert "  AssumeRole" in printed
    assert "  GetFederationToken (NotImplemented)" in printed
    assert printed[0] == f"sts: {sum(not line.endswith(')') for line in printed[1:])} of {len(printed) - 1} operations"


def test_an_unknown_service_is_refused() -> None:
    result = CliRunner().invoke(cli, ["coverage", "gopher"])
    assert result.exit_code == 2
    assert "gopher is not served" in result.output
