"""What a batch transform captures: which objects were read, and which were written for them.

    s3://DESTINATION/input/yyyy/mm/dd/hh/JOB-0.jsonl    [{"prefix": "s3://bucket/in/"}, "a.csv", …]
    s3://DESTINATION/output/yyyy/mm/dd/hh/JOB-0.jsonl   [{"prefix": "s3://bucket/out/"}, "a.csv.out", …]

A manifest for each instance, of what it stored; the hour is that in which the job began. Done anew, an instance's share
has the same manifests, and its records the same identifiers. Source: developer guide, "Capture data from batch
transform job".
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..core.client import ClientError
from .failure import not_stored
from .gateway import Gateway
from .keys import split_uri
from .sources import Found

# The inference ID and time of a batch's nth answer, by the number of the batch's first record and n.
Identify = Callable[[int, int], tuple[str, str]]


class Captured:
    """One instance's share. `config` is the job's DataCaptureConfig, `began` when the job did, in seconds."""

    def __init__(self, config: Mapping[str, Any], arn: str, number: int, began: float, folder: str) -> None:
        self._bucket, prefix = split_uri(config["DestinationS3Uri"])
        self._below = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        self._identified = bool(config.get("GenerateInferenceId"))
        self._arn, self._number, self._began = arn, number, time.gmtime(began)
        self._path, self._prefix = os.path.join(folder, "captured"), ""

    def identify(self, item: Found) -> Identify | None:
        """What identifies the answers for an object; None where that was not asked for."""
        if not self._identified:
            return None
        object_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._arn} {item.uri}")
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", self._began)
        return lambda first, number: (str(uuid.uuid5(object_id, f"{first} {number}")), at)

    def stored(self, item: Found) -> None:
        """What became of an object is stored."""
        prefix = item.uri.removesuffix(item.path)
        if not self._prefix or len(prefix) < len(self._prefix):  # of `in/a`, `in/a.csv` and `in/a/b.csv` have two
            self._prefix = prefix
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps([item.uri, item.path]) + "\n")

    def put(self, gateway: Gateway, outputs: str) -> None:
        """Write both manifests, if anything was stored, below `outputs`. Raises JobError."""
        if not self._prefix:
            return
        self._put(gateway, "input", self._prefix, (uri.removeprefix(self._prefix) for uri, _ in self._known()))
        self._put(gateway, "output", outputs, (f"{path}.out" for _, path in self._known()))

    def _known(self) -> Iterator[list[str]]:
        with open(self._path, encoding="utf-8") as file:
            yield from map(json.loads, file)

    def _put(self, gateway: Gateway, kind: str, prefix: str, names: Iterator[str]) -> None:
        path = f"{self._path}-{kind}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[{json.dumps({'prefix': prefix})}")
            file.writelines(f", {json.dumps(name)}" for name in names)
            file.write("]\n")
        hour = time.strftime("%Y/%m/%d/%H", self._began)
        key = f"{self._below}{kind}/{hour}/{self._arn.rpartition('/')[2]}-{self._number}.jsonl"
        try:
            gateway.put(self._bucket, key, path)
        except ClientError as error:
            raise not_stored(error, gateway.role, self._bucket, key, self._below, "DestinationS3Uri") from error
