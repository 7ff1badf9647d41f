"""How an environment is installed, and from where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from salvia.images import installer


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the settings that a test makes."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_a_lock_is_split_by_its_hashes() -> None:
    """ML facts: pip demands hashes for everything once one requirement has one; torch has none."""
    lock = installer.read_lock(
        "# made by uv\nnumpy==2.3.4 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via x\n\ntorch==2.13.0\n"
    )
    assert lock.hashed == "numpy==2.3.4 --hash=sha256:aa --hash=sha256:bb\n"
    assert lock.unhashed == "torch==2.13.0\n"


@pytest.mark.parametrize("line", ["numpy", "--index-url https://user:secret@x/simple", "-e .", "numpy>=2"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    """An environment is content-addressed: its lock has to say all; and secrets are not repeated."""
    with pytest.raises(installer.LockError) as raised:
        installer.read_lock(line)
    assert "secret" not in str(raised.value)


def test_pip_s_variables_reach_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """design.md: honouring PIP_* settings."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://a/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://b/simple https://c/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "/one /two")
    monkeypatch.setenv("PIP_CERT", "/ca.pem")
    assert installer.uv_variables(installer.pip_settings(), {}) == {
        "UV_DEFAULT_INDEX": "https://a/simple",
        "UV_INDEX": "https://b/simple https://c/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/one,/two",
        "SSL_CERT_FILE": "/ca.pem",
    }


def test_pip_s_file_counts_and_its_variables_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip's documentation, 'Configuration': precedence; lists may go over several lines."""
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://file/simple\nextra-index-url =\n  https://b/simple\n  https://c/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable/simple")
    settings = installer.pip_settings()
    assert settings["index-url"] == ["https://variable/simple"]
    assert settings["extra-index-url"] == ["https://b/simple", "https://c/simple"]


def test_what_is_set_for_uv_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody meant it."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip/simple")
    assert installer.uv_variables(installer.pip_settings(), {"UV_DEFAULT_INDEX": "https://uv/simple"}) == {}


def test_credentials_of_an_index_are_not_shown() -> None:
    """No secrets in logs."""
    said = installer.redact("Looking at https://user:pa55@index.example/simple and http://token@b/c")
    assert said == "Looking at https://***@index.example/simple and http://***@b/c"
