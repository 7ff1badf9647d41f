"""Documents as rows. Expectations: the docstrings of store/documents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from salvia.store import documents
from salvia.store.db import Database
from salvia.store.documents import Conflict, Document

Run = Callable[[Any], Any]


def document(name: str, **more: Any) -> Document:
    return Document("sagemaker:Thing", "1", "r", name, arn=f"arn:{name}", **more)


def test_a_taken_name_inserts_nothing(database: Database, run: Run) -> None:
    assert run(database.write(lambda tx: documents.insert(tx, document("a", spec={"n": 1})))) is True
    assert run(database.write(lambda tx: documents.insert(tx, document("a", spec={"n": 2})))) is False
    found = documents.find(database.read(), "sagemaker:Thing", "1", "r", "a")
    assert found is not None
    assert found.spec == {"n": 1}


def test_what_is_stored_comes_back(database: Database, run: Run) -> None:
    """Datetimes become seconds, as AWS's JSON protocols write them."""
    moment = datetime(2025, 6, 15, tzinfo=UTC)
    stored = document("a", spec={"at": moment, "é": [1, None]}, status={"x": 1.5}, tags={"k": "v"}, due_at=3.0)
    run(database.write(lambda tx: documents.insert(tx, stored)))
    found = documents.by_id(database.read(), stored.id)
    assert found is not None
    assert (found.spec, found.status, found.tags) == (
        {"at": moment.timestamp(), "é": [1, None]},
        {"x": 1.5},
        {"k": "v"},
    )
    assert (found.due_at, found.version) == (3.0, 1)
    assert found.description() == {"at": moment.timestamp(), "é": [1, None], "x": 1.5}


def test_a_stale_update_is_a_conflict_and_writes_nothing(database: Database, run: Run) -> None:
    first = document("a")
    run(database.write(lambda tx: documents.insert(tx, first)))
    second = documents.by_id(database.read(), first.id)
    assert second is not None
    first.state = "Mine"
    run(database.write(lambda tx: documents.update(tx, first)))
    assert first.version == 2
    second.state = "Theirs"
    with pytest.raises(Conflict):
        run(database.write(lambda tx: documents.update(tx, second)))
    assert documents.by_id(database.read(), first.id).state == "Mine"  # type: ignore[union-attr]
    first.state = "Again"
    run(database.write(lambda tx: documents.update(tx, first)))


def test_a_deleted_document_frees_its_name(database: Database, run: Run) -> None:
    first = document("a")
    run(database.write(lambda tx: documents.insert(tx, first)))
    run(database.write(lambda tx: documents.delete(tx, first.id)))
    assert documents.by_id(database.read(), first.id) is None
    assert run(database.write(lambda tx: documents.insert(tx, document("a")))) is True


def test_documents_are_found_by_arn_and_by_owner(database: Database, run: Run) -> None:
    for name in ("c", "a", "b"):
        run(database.write(lambda tx, name=name: documents.insert(tx, document(name, owner="me"))))  # type: ignore[misc]
    run(database.write(lambda tx: documents.insert(tx, document("d", owner="you"))))
    assert documents.by_arn(database.read(), "arn:b").name == "b"  # type: ignore[union-attr]
    assert documents.by_arn(database.read(), "arn:z") is None
    assert [found.name for found in documents.owned(database.read(), "me", "sagemaker:Thing")] == [
        "a",
        "b",
        "c",
    ]
    assert documents.owned(database.read(), "me", "sagemaker:Other") == []
