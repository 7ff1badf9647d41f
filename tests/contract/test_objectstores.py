"""Every object store keeps the promises of `salvia.testing.objectstores`."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salvia.objectstore.base import ObjectStore
from salvia.objectstore.filesystem import FilesystemStore
from salvia.objectstore.location import Location
from salvia.objectstore.remote import RemoteStore
from salvia.testing.objectstores import ObjectStoreConformance


class TestFilesystem(ObjectStoreConformance):
    def make(self, folder: Path) -> ObjectStore:
        return FilesystemStore(folder / "objects")


class TestRemote(ObjectStoreConformance):
    """The other S3 is a Salvia: a real server, by its front door."""

    @pytest.fixture(autouse=True)
    def remote(self, salvia: Any, tmp_path: Path) -> Iterator[None]:
        self.salvia = salvia
        salvia.client("s3").create_bucket(Bucket="blobs")
        keys = configparser.RawConfigParser()
        keys["default"] = {
            name: salvia.environment[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")
        }
        path = tmp_path / "keys"
        path.touch(0o600)
        with path.open("w") as file:
            keys.write(file)
        yield

    def make(self, folder: Path) -> ObjectStore:
        url = f"s3://blobs/{folder.name}?endpoint={self.salvia.url}&credentials={folder / 'keys'}"
        return RemoteStore(Location.parse(url))
