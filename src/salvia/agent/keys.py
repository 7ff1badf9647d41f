"""Objects of S3 as paths of files.

How SageMaker names the files of a prefix that ends inside a name was recorded by a user:
sagemaker-python-sdk, issue 3612.
"""

from __future__ import annotations

from .failure import JobError


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key prefix of an s3:// URI. Raises JobError."""
    scheme, _, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise JobError("ClientError", f"'{uri}' is no URI of S3. Write s3://bucket/prefix.")
    return bucket, prefix


def folder_prefix(uri: str) -> tuple[str, str]:
    """Bucket and prefix of what is a folder, whether or not its URI ends as one. Raises JobError."""
    bucket, prefix = split_uri(uri)
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def folder_below(path: str) -> tuple[str, ...]:
    """The names below /opt/ml of a LocalPath, which the API has checked."""
    return tuple(part for part in path.removeprefix("/opt/ml/").split("/") if part)


def relative_path(label: str, bucket: str, prefix: str, key: str) -> str:
    """Where below its channel's directory an object belongs. Raises JobError for a key that is no path.

    With the prefix `data/train`, `data/train/a.csv` becomes `a.csv` and `data/train.csv` `train.csv`; an
    object named in full keeps its last part.
    """
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    if not key.startswith(folder):
        folder = prefix[: prefix.rfind("/") + 1]
    parts = key[len(folder) :].split("/")
    names = [part for part in parts if part]
    if ".." in names or "." in names or "\0" in key or not names or not parts[-1]:
        raise JobError(
            "ClientError",
            f"Data download failed: {label}: the object {f's3://{bucket}/{key}'!r} has a "
            "key that cannot be a file name. Copy it to a key without '.', '..' and NUL parts and without a "
            "'/' at its end, or leave it out of the prefix.",
        )
    return "/".join(names)
