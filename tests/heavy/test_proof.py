"""Two rows of docs/proof.md, as `make proof` makes them."""

from __future__ import annotations

import pytest

from tests.proof.run import Proof, run


@pytest.mark.timeout(900)
def test_rows_of_the_table() -> None:
    """A library's algorithm and one of Salvia's own: trained, served and transformed, as good as the library itself."""
    proofs: list[Proof] = []
    run(["xgboost", "kmeans"], proofs.append)
    assert [proof.row.image for proof in proofs] == ["xgboost", "kmeans"]
    for proof in proofs:
        assert not proof.wrong, proof.wrong
        assert proof.cells.keys() == {"one", "two", "served", "batch"}
