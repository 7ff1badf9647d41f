"""Whose registries an image is in: `registries.toml`, a table from regions to accounts for each set of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

Registries = Mapping[str, Mapping[str, str]]

_ACCOUNT = re.compile(r"[0-9]{12}")


def read(folder: Path) -> Registries:
    """What `folder`/registries.toml declares; nothing where there is none. Raises ValueError, which names the file."""
    path = folder / "registries.toml"
    try:
        written = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    for name, regions in written.items():
        if not isinstance(regions, dict):
            raise ValueError(f"{path}: {name!r} must be a table from regions to accounts")
        for region, account in regions.items():
            if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
                raise ValueError(f"{path}: {name}.{region} must be an account's twelve digits, not {account!r}")
    return written
