"""Where an endpoint's requests go: one row an endpoint, so that one write moves all of its traffic at once.

The endpoint's lifecycle writes it, the invoke path reads it, and they share nothing else::

    {"arn": "…", "config": "CONFIG", "node": "NODE" | "", "variants": [
      {"name": "AllTraffic", "weight": 1.0, "role": "ROLE ARN",
       "mode": "instances" | "serverless" | "async",
       "strategy": "LEAST_OUTSTANDING_REQUESTS" | "RANDOM",
       "invocation": "Serial" | "Direct" | "MultiModel",
       "capture": DataCaptureConfig | null, "async": AsyncInferenceConfig | null,
       "serverless": ServerlessConfig with "failures" (to start a replica) and the last "failure" | null,
       "fleets": [
         {"name": "…", "share": 1.0, "replicas": [
           {"id": "unique for ever", "containers": [
             {"name": "container-1", "address": {"socket": "/a/path"} | {"host": "…", "port": 8080}}]}]}]}]}

An AsyncInferenceConfig says here how many requests an instance has at once, whether or not its user did.
Sockets are on the machine of `node` (`store.leases`). Of a variant's requests each fleet gets its share: there are two
while an update moves traffic from one to the other.
A replica that leaves the row gets no new request; it is stopped only afterwards, and finishes what it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from .db import Reader, Transaction

_READ = "SELECT endpoint, version, route FROM routes WHERE account = :account AND region = :region AND name = :name"
_WRITE = """
INSERT INTO routes (account, region, name, endpoint, version, route)
VALUES (:account, :region, :name, :endpoint, 1, :route)
ON CONFLICT (account, region, name) DO UPDATE
SET endpoint = excluded.endpoint, version = routes.version + 1, route = excluded.route"""
_DELETE = "DELETE FROM routes WHERE account = :account AND region = :region AND name = :name"


class Route(NamedTuple):
    """`endpoint` is the id of the document; `version` grows with every write of the row."""

    endpoint: str
    version: int
    route: dict[str, Any]


def read(db: Reader, account: str, region: str, name: str) -> Route | None:
    """The route of an endpoint, by the primary key; None where nothing answers."""
    row = db.one(_READ, {"account": account, "region": region, "name": name})
    return Route(row["endpoint"], row["version"], orjson.loads(row["route"])) if row else None


def write(tx: Transaction, account: str, region: str, name: str, endpoint: str, route: Mapping[str, Any]) -> None:
    """Send an endpoint's requests this way from now on."""
    where = {"account": account, "region": region, "name": name}
    tx.run(_WRITE, {**where, "endpoint": endpoint, "route": orjson.dumps(route).decode()})


def delete(tx: Transaction, account: str, region: str, name: str) -> None:
    """Nothing answers there any more."""
    tx.run(_DELETE, {"account": account, "region": region, "name": name})
