"""Identifiers: no process makes those of another."""

from __future__ import annotations

import subprocess
import sys

FORK = """
import os
from salvia.core import ids
ids.row_id()
child = os.fork()
if child:
    os.waitpid(child, 0)
print(ids.row_id(), ids.event_id(0.0))
"""


def test_forks_of_one_process_make_ids_of_their_own() -> None:
    """As gateways and controllers are: a controller in the place of one that was killed would make its ids again."""
    said = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True).stdout.split()
    assert len(set(said)) == 4
