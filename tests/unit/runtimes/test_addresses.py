"""Loopback addresses for groups."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from salvia.runtimes.addresses import LARGEST_GROUP, Addresses
from salvia.runtimes.base import UnsupportedError


def test_a_group_shares_a_block_of_loopback(tmp_path: Path) -> None:
    """127.A.B.(10 + index), the same whoever asks."""
    addresses = Addresses(tmp_path).claim("job", "a", 3)
    block = addresses[0].rpartition(".")[0]
    assert addresses == [f"{block}.{number}" for number in (10, 11, 12)]
    assert block.startswith("127.")
    assert block != "127.0.0"
    assert Addresses(tmp_path).claim("job", "b", 3) == addresses


def test_groups_have_blocks_of_their_own(tmp_path: Path) -> None:
    """Both listen on the same ports."""
    blocks = {Addresses(tmp_path).claim(f"job-{number}", "a", 1)[0] for number in range(60)}
    assert len(blocks) == 60


def test_a_block_is_held_until_its_last_member_is_released(tmp_path: Path) -> None:
    """Releasing twice is fine."""
    addresses = Addresses(tmp_path)
    first = addresses.claim("job", "a", 2)
    addresses.claim("job", "b", 2)
    addresses.release("a")
    addresses.release("a")
    assert addresses.claim("job", "c", 2) == first
    addresses.release("b")
    addresses.release("c")
    assert json.loads((tmp_path / "addresses.json").read_text()) == {}


def test_concurrent_claims_do_not_collide(tmp_path: Path) -> None:
    """Several controllers, each with a view of its own."""
    with ThreadPoolExecutor(16) as pool:
        claimed = list(pool.map(lambda n: Addresses(tmp_path).claim(f"job-{n % 40}", f"m-{n}", 1)[0], range(120)))
    assert len(set(claimed)) == 40
    assert all(claimed[number] == claimed[number % 40] for number in range(120))


def test_a_block_that_somebody_listens_in_is_passed_over(tmp_path: Path) -> None:
    """Another data directory on this machine has claims that this one does not know."""
    wanted = Addresses(tmp_path / "one").claim("job", "a", 1)[0]
    (tmp_path / "one" / "addresses.json").unlink()
    with socket.create_server((wanted, 0)):
        assert Addresses(tmp_path / "one").claim("job", "a", 1)[0] != wanted


def test_more_than_a_block_holds_is_refused(tmp_path: Path) -> None:
    """With what to do; and nothing is claimed."""
    with pytest.raises(UnsupportedError, match="Lower InstanceCount"):
        Addresses(tmp_path).claim("job", "a", LARGEST_GROUP + 1)
    assert not (tmp_path / "addresses.json").exists()
