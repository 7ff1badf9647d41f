"""The archives of a multi-model endpoint, unpacked on one instance's disk: /opt/ml/models/NAME/model.

The program runs while they are brought, and may write there: nothing is unpacked where it has a hand in it.
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import errno
import os
import shutil

from ..core.client import ClientError
from .failure import JobError, StoppedError
from .keys import split_uri
from .model_data import bring
from .sources import Storage
from .spec import Spec
from .tree import open_folder

FOLDER = "models"
_NO_MODEL = (
    "Failed to download model data(bucket: {}, key: {}). Please ensure that there is an object located at the URL and "
    "that the role passed to CreateModel has permissions to download the model."
)


class RefusedError(Exception):
    """A request cannot have its model. `code` is the error that its client is to get; empty: the container's own words,
    with its own `status`."""

    def __init__(self, status: int, message: str | bytes, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.message = message.encode() if isinstance(message, str) else message


class FullError(Exception):
    """The disk is; the error that says so is its cause."""


class ModelFiles:
    """Of models that are objects below `prefix`. Everything waits for network or disk; for any thread."""

    def __init__(self, spec: Spec, prefix: str, storage: Storage) -> None:
        self._prefix, self._storage = prefix.rstrip("/"), storage
        self._ml, self._incoming = spec.ml, os.path.join(spec.directory, "incoming")
        # Without a sandbox the program sees /opt/ml where it is.
        self._inside = spec.ml if spec.run_inside == spec.run else "/opt/ml"

    def path(self, name: str) -> str:
        """Where the program sees a model."""
        return f"{self._inside}/{FOLDER}/{name}/model"

    def bring(self, target: str, name: str) -> int:
        """Download a model, and have it appear at once; returns its size. Raises RefusedError, FullError."""
        if {".", ".."} & set(target.split("/")):
            raise RefusedError(400, f"TargetModel {target} leads out of {self._prefix}/.", "ValidationError")
        here = os.path.join(self._incoming, name)
        try:
            self._download(f"{self._prefix}/{target}", here)
            size = sum(
                os.lstat(os.path.join(folder, file)).st_size for folder, _, files in os.walk(here) for file in files
            )
            self._appear(here, name)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise FullError from error
            raise RefusedError(400, f"Model {target} could not be kept: {error}.", "ValidationError") from error
        finally:
            shutil.rmtree(here, ignore_errors=True)
        return max(size, 1)

    def remove(self, name: str) -> None:
        """Delete a model."""
        try:
            models = open_folder(self._ml, FOLDER, create=True)
        except OSError:  # the program has laid something else there, which is its affair
            return
        try:
            shutil.rmtree(name, ignore_errors=True, dir_fd=models)
        finally:
            os.close(models)

    def _download(self, uri: str, here: str) -> None:
        os.makedirs(os.path.join(here, "model"), exist_ok=True)
        source = {"S3Uri": uri, "S3DataType": "S3Object", "CompressionType": "Gzip"}
        try:
            bring(self._storage, source, here, ("model",), here, lambda: False)
        except StoppedError as error:
            raise RefusedError(500, "The instance is being stopped.", "InternalFailure") from error
        except JobError as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno is not None:
                raise cause from None
            if isinstance(cause, ClientError) and 400 <= cause.status < 500:
                raise RefusedError(400, _NO_MODEL.format(*split_uri(uri)), "ValidationError") from error
            if error.code == "ClientError":
                raise RefusedError(400, error.message, "ValidationError") from error
            raise RefusedError(500, error.message, "InternalFailure") from error

    def _appear(self, here: str, name: str) -> None:
        self.remove(name)
        models = open_folder(self._ml, FOLDER, create=True)
        try:
            os.rename(here, name, dst_dir_fd=models)
        finally:
            os.close(models)
