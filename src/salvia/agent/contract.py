"""The container contract: what a program finds at /opt/ml and in its environment.

Sources: SageMaker developer guide, "How Amazon SageMaker Provides Training Information", "Use the SageMaker
training storage paths"; AWS SDKs guide, "Container credential provider".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from .checkpoints import folder_of
from .spec import Job, Spec
from .tree import open_file, open_folder

_DIRECTORIES = ("input/data", "model", "output/data", "checkpoints", "code")


def write_tree(ml: str, job: Job) -> None:
    """Make the tree below `ml` (the program's /opt/ml) of a training job: its directories, the configuration files."""
    documents: dict[str, object] = {
        "hyperparameters.json": dict(job.hyperparameters),
        "inputdataconfig.json": {channel["ChannelName"]: _channel(channel, job) for channel in job.channels},
        "resourceconfig.json": dict(job.resource_config),
    }
    if job.checkpoint is not None:
        path = "/".join(("/opt/ml", *folder_of(job.checkpoint)))
        documents["checkpointconfig.json"] = {"S3Uri": job.checkpoint["S3Uri"], "LocalPath": path}
    lay_out(ml, _DIRECTORIES, "input/config", documents)


def lay_out(ml: str, directories: Iterable[str], config: str, documents: Mapping[str, object]) -> None:
    """Make `directories` below `ml`, and the JSON `documents` by their names in the one of them that is `config`.

    What an earlier try was given is removed first: a file of it would read as data of this job.
    """
    os.makedirs(ml, exist_ok=True)
    root = open_folder(ml)
    try:
        for name in ("input", "checkpoints", "config", "processing"):
            _clear(ml, root, name)
        for directory in (*directories, config):
            os.close(open_folder(root, *directory.split("/"), create=True))
        folder = open_folder(root, *config.split("/"))
        try:
            for name, document in documents.items():
                _write(folder, name, document)
        finally:
            os.close(folder)
    finally:
        os.close(root)


def environment(spec: Spec, credentials_url: str | None) -> dict[str, str]:
    """Everything the program finds in its environment.

    The request's own variables win over what is set here for SDKs, but for the job's name and ARN. Without
    `credentials_url` (network isolation) the program is given no way to AWS at all.
    """
    values = {
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        # Nobody answers at 169.254.169.254; without this, SDKs wait for it to find out.
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if credentials_url is not None:
        values["AWS_ENDPOINT_URL"] = spec.url
        values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = credentials_url
        values["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = f"{spec.run_inside}/token"
        if spec.ca is not None:
            bundle = f"{spec.run_inside}/ca.pem"
            values |= {"AWS_CA_BUNDLE": bundle, "REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
        if spec.proxy is not None:
            bypass = ",".join([spec.proxy["bypass"], *spec.hosts])
            for name, value in (("HTTPS_PROXY", spec.proxy["url"]), ("NO_PROXY", bypass)):
                values |= {name: value, name.lower(): value}
    values.update(spec.program.environment)
    if credentials_url is None:
        values["SALVIA_NETWORK_ISOLATION"] = "true"
    elif keeps_overlays(spec):
        values["SALVIA_OVERLAYS"] = credentials_url.removesuffix("credentials") + "overlays/"
    if spec.job.kind == "training":
        values["TRAINING_JOB_NAME"] = spec.job.name
        values["TRAINING_JOB_ARN"] = spec.job.arn
    # It would throw away the bytecode that images are built with, which halves a start (runtime facts).
    values.pop("PYTHONDONTWRITEBYTECODE", None)
    return values


def keeps_overlays(spec: Spec) -> bool:
    """Whether packages are kept for later programs: not where nothing stands around these, who could change them."""
    return spec.overlays is not None and spec.program.outside is not None


def output_file(ml: str, name: str, limit: int = 4096) -> bytes:
    """The first `limit` bytes of /opt/ml/output/`name`; empty when the program wrote none.

    The program made that file: only a regular one is read, and no link on the way to it is followed.
    """
    try:
        folder = open_folder(ml, "output")
        try:
            with open_file(folder, name) as file:
                return file.read(limit)
        finally:
            os.close(folder)
    except OSError:
        return b""


def _channel(channel: Mapping[str, Any], job: Job) -> dict[str, str]:
    source = channel.get("DataSource", {}).get("S3DataSource", {})
    mode = channel.get("InputMode") or job.input_mode
    described = {
        "TrainingInputMode": "Pipe" if mode == "Pipe" else "File",  # FastFile shows as File too
        "S3DistributionType": source.get("S3DataDistributionType") or "FullyReplicated",
        "RecordWrapperType": channel.get("RecordWrapperType") or "None",
    }
    if channel.get("ContentType"):
        described["ContentType"] = channel["ContentType"]
    return described


def _clear(ml: str, root: int, name: str) -> None:
    """Remove what is at `name`, be it a folder or a link."""
    try:
        os.unlink(name, dir_fd=root)
    except FileNotFoundError:
        return
    except OSError:  # a folder
        from shutil import rmtree  # 6 ms, and hardly ever needed

        rmtree(os.path.join(ml, name))


def _write(directory: int, name: str, document: object) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o644, dir_fd=directory)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file)
