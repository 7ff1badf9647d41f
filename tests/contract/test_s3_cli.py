"""The AWS CLI on S3, as typed. Source: AWS CLI user guide, "Using high-level (s3) commands" and "API-level (s3api)"."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def bucket(salvia: Any) -> str:
    name = f"cli-{uuid.uuid4().hex[:12]}"
    salvia.aws(["s3", "mb", f"s3://{name}"])
    return name


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few files, one of them large enough to go up in parts."""
    root = tmp_path_factory.mktemp("tree")
    for name, size in (("a.txt", 10), ("sub/b.csv", 1000), ("sub/deeper/ü ñ.bin", 70_000), ("large.bin", 9 << 20)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    return root


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_folder_goes_up_is_listed_comes_down_and_is_removed(
    salvia: Any, bucket: str, tree: Path, tmp_path: Path
) -> None:
    """sync, ls, cp --recursive, rm --recursive, rb."""
    url = f"s3://{bucket}/tree"
    salvia.aws(["s3", "sync", str(tree), url])
    listed = salvia.aws(["s3", "ls", url + "/"]).stdout
    assert "PRE sub/" in listed
    assert "a.txt" in listed
    recursive = salvia.aws(["s3", "ls", url, "--recursive", "--summarize"]).stdout
    assert "Total Objects: 4" in recursive
    assert "tree/sub/deeper/ü ñ.bin" in recursive
    assert salvia.aws(["s3", "sync", str(tree), url]).stdout == ""
    salvia.aws(["s3", "cp", "--recursive", url, str(tmp_path)])
    assert files(tmp_path) == files(tree)
    salvia.aws(["s3", "rm", "--recursive", url])
    assert salvia.aws(["s3", "ls", f"s3://{bucket}"]).stdout == ""


def test_a_stream_goes_up_and_down(salvia: Any, bucket: str) -> None:
    """`aws s3 cp - s3://…`, and back."""
    salvia.aws(f"echo hello | aws s3 cp - s3://{bucket}/stream && aws s3 cp s3://{bucket}/stream - | grep hello")
    salvia.aws(f"aws s3 mv s3://{bucket}/stream s3://{bucket}/moved && aws s3 rm s3://{bucket}/moved")


def test_the_plain_operations_work(salvia: Any, bucket: str, tree: Path, tmp_path: Path) -> None:
    """s3api put-object, head-object, get-object, list-objects-v2, delete-object."""
    where = ["--bucket", bucket, "--key", "plain"]
    put = json.loads(salvia.aws(["s3api", "put-object", *where, "--body", str(tree / "a.txt")]).stdout)
    assert json.loads(salvia.aws(["s3api", "head-object", *where]).stdout)["ETag"] == put["ETag"]
    salvia.aws(["s3api", "get-object", *where, "--range", "bytes=0-3", str(tmp_path / "out")])
    assert (tmp_path / "out").read_bytes() == (tree / "a.txt").read_bytes()[:4]
    keys = salvia.aws(["s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents[].Key"]).stdout
    assert json.loads(keys) == ["plain"]
    salvia.aws(["s3api", "delete-object", *where])
    missing = salvia.aws(["s3api", "head-object", *where], check=False)
    assert missing.returncode != 0
    assert "(404)" in missing.stderr
