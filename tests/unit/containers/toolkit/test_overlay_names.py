"""What a kept overlay is called: whatever decides what pip installs is in the name.

Source: pip's documentation, "Requirements File Format".
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from salvia.images.image import default_folder

sys.path.insert(0, str(default_folder() / "toolkit"))
from salvia_toolkit.script import overlay


@pytest.fixture(autouse=True)
def agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one that keeps overlays."""
    monkeypatch.setenv("SALVIA_OVERLAYS", "http://127.0.0.1:1/overlays/")


def named(code: Path, requirements: str) -> str:
    (code / "requirements.txt").write_text(requirements)
    found = overlay.name(code)
    assert found is not None and len(found) == 64
    return found


def test_the_text_and_pips_settings_are_in_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PIP_… variables, and those that a line names; no others."""
    text = "pandas==2.0\n--index-url https://${HOST}/simple\n"
    names = [named(tmp_path, text), named(tmp_path, "pandas==2.1\n")]
    for variable in ("HOST", "PIP_INDEX_URL"):
        monkeypatch.setenv(variable, "index.example")
        names.append(named(tmp_path, text))
    assert len(set(names)) == 4
    monkeypatch.setenv("OTHER", "x")
    assert named(tmp_path, text) == names[-1]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# ./commented",
        "numpy",
        "zope.interface>=5,<7  # a comment",
        'uvicorn[standard,watch] ~= 0.30 ; python_version < "3.12"',
        "transformers==4.40" + "".join(f" \\\n    --hash=sha256:{digit * 64}" for digit in "0123456789"),
        "mine @ https://example.com/mine-1.0-py3-none-any.whl",
        "mine @ git+https://example.com/mine.git@v1",
        "--extra-index-url https://example.com/simple",
        "--find-links=https://example.com/wheels",
        "--no-index",
        "--pre",
    ],
)
def test_a_line_that_means_nothing_here_leaves_the_source_out(tmp_path: Path, line: str) -> None:
    """A script changes from job to job; its packages need not be built anew for that."""
    (tmp_path / "train.py").write_text("1")
    before = named(tmp_path, line)
    (tmp_path / "train.py").write_text("2")
    assert named(tmp_path, line) == before


@pytest.mark.parametrize(
    "line",
    [
        "./mine",
        "mine-1.0-py3-none-any.whl",
        "mine-1.0.tar.gz",
        "mine-1.0.tar.gz[more]",
        "-e .",
        ".",
        "-r more.txt",
        "-c constraints.txt",
        "--find-links .",
        "--find-links file:///opt/ml/code/wheels",
        "mine @ file:///opt/ml/code/mine",
        "mine @ file:mine",
        "numpy\n-r more.txt",
        "what is this?",
    ],
)
def test_a_line_that_may_mean_a_file_takes_all_of_the_source(tmp_path: Path, line: str) -> None:
    """A wheel beside the script can change without a change of its name."""
    for file in ("mine-1.0-py3-none-any.whl", "mine-1.0.tar.gz", "more.txt"):
        (tmp_path / file).write_text("1")
    before = named(tmp_path, line)
    (tmp_path / "more.txt").write_text("2")
    assert named(tmp_path, line) != before


def test_without_an_agent_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where programs are not isolated, or where the image runs elsewhere."""
    monkeypatch.delenv("SALVIA_OVERLAYS")
    (tmp_path / "requirements.txt").write_text("numpy")
    assert overlay.name(tmp_path) is None
