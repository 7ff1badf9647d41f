"""Checkpoints: a folder of /opt/ml that S3 fills at the start, and that is mirrored to S3 while the program runs.

Sources: API reference, CheckpointConfig; developer guide, "Use Checkpoints in Amazon SageMaker".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

from collections.abc import Mapping

from .keys import folder_below, folder_prefix
from .sources import Source

DEFAULT = "/opt/ml/checkpoints"


def folder_of(config: Mapping[str, str]) -> tuple[str, ...]:
    """The folder below /opt/ml that LocalPath names."""
    return folder_below(config.get("LocalPath") or DEFAULT)


def source_of(config: Mapping[str, str]) -> Source:
    """What is to be there when the program starts; nothing at all is no failure."""
    bucket, prefix = folder_prefix(config["S3Uri"])
    label = member = "CheckpointConfig"
    return Source(label, f"{member}.S3Uri", folder_of(config), bucket, prefix, required=False)
