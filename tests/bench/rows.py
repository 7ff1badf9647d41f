"""Many training jobs at once, as rows: a table of a million is not to be filled through the front door."""

from __future__ import annotations

import sqlite3
from typing import Any

from tests.bench.peers import CREATE, Peer
from tests.conftest import Server, eventually

_FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows)
INSERT INTO documents (id, kind, account, region, name, arn, owner, state, created_at, modified_at,
                       spec, status, tags, version)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
             substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
       kind, account, region, 'row-' || i, replace(arn, 'model-of-rows', 'row-' || i), owner, state,
       created_at - (:rows - i) * :apart, modified_at,
       replace(spec, 'model-of-rows', 'row-' || i), replace(status, 'model-of-rows', 'row-' || i), tags, 1
FROM n, (SELECT * FROM documents WHERE kind = 'sagemaker:TrainingJob' AND name = 'model-of-rows')"""


def fill(server: Server, peer: Peer, rows: int, apart: int = 1, **more: Any) -> None:
    """Stop the server, copy one ended job so many times, start it again.

    They were created `apart` seconds after each other; `more` is of the request to create them.
    """
    sagemaker = peer.client("sagemaker")
    sagemaker.create_training_job(TrainingJobName="model-of-rows", **{**CREATE, **more})
    eventually(
        lambda: sagemaker.describe_training_job(TrainingJobName="model-of-rows")["TrainingJobStatus"] == "Failed",
        30,
        "a job whose image nobody has fails",
    )
    server.down()
    connection = sqlite3.connect(server.home / "salvia.db")
    with connection:
        connection.execute(_FILL, {"rows": rows, "apart": apart})
    connection.close()
    server.up()
