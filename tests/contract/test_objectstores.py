"""Every object store keeps the promises of `salvia.testing.objectstores`."""

from __future__ import annotations

from pathlib import Path

from salvia.objectstore.base import ObjectStore
from salvia.objectstore.filesystem import FilesystemStore
from salvia.testing.objectstores import ObjectStoreConformance


class TestFilesystem(ObjectStoreConformance):
    def make(self, folder: Path) -> ObjectStore:
        return FilesystemStore(folder / "objects")
