"""Small files that are whole, whoever writes them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from salvia.core import files


def test_threads_that_create_a_file_at_once_all_read_the_first(tmp_path: Path) -> None:
    """As jobs of one role do that start together: each has what the quickest wrote, and nothing is left beside it."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            path = tmp_path / f"key-{number}"
            found = set(pool.map(lambda one, path=path: files.create_once(path, lambda: b"%d" % one), range(8)))
            assert found == {path.read_bytes()}
    assert len(os.listdir(tmp_path)) == 50
