"""What a training job's channels and checkpoints may say together, beyond what the model checks.

Sources: API_Channel, API_S3DataSource, API_CheckpointConfig; the guide, "How Amazon SageMaker Provides Training
Information".
"""

from __future__ import annotations

from typing import Any

from salvia.core.errors import validation_error

Request = dict[str, Any]


def check(request: Request) -> None:
    """Raise ValidationException for a channel or a checkpoint that no instance could be given."""
    default = request["AlgorithmSpecification"]["TrainingInputMode"]
    modes = {}
    for channel in request.get("InputDataConfig") or ():
        name = channel["ChannelName"]
        modes[name] = mode = channel.get("InputMode") or default
        wrong = _channel(channel, channel["DataSource"]["S3DataSource"], mode)
        if wrong:
            raise validation_error(f"Channel '{name}': {wrong}")
    for name in modes:
        stem, _, number = name.rpartition("_")
        if number.isdecimal() and modes.get(stem) == "Pipe":
            raise validation_error(
                f"Channel '{name}' has the name of a pipe of channel '{stem}', whose input mode is Pipe. Rename one."
            )
    if request.get("CheckpointConfig"):
        _local_path(request["CheckpointConfig"].get("LocalPath"))


def _channel(channel: Request, source: Request, mode: str) -> str | None:
    kind = source["S3DataType"]
    if kind == "AugmentedManifestFile":
        if mode != "Pipe":
            return f"AugmentedManifestFile can only be used if the channel's input mode is Pipe; it is {mode}."
        if not source.get("AttributeNames"):
            return "AugmentedManifestFile needs AttributeNames, the attributes to stream, in their order."
    if kind != "S3Prefix" and not source["S3Uri"].split("://")[1].partition("/")[2].strip("/"):
        return f"S3DataType {kind} needs the S3Uri of an object, the manifest."
    if mode == "FastFile" and kind != "S3Prefix":
        return f"input mode FastFile needs S3DataType S3Prefix; it is {kind}."
    if mode == "FastFile" and channel.get("CompressionType", "None") != "None":
        return "input mode FastFile shows objects as they are. Leave CompressionType out."
    if mode != "Pipe" and channel.get("RecordWrapperType", "None") != "None":
        return f"RecordWrapperType is for input mode Pipe; it is {mode}. Leave it unset, or set it to None."
    return None


def _local_path(path: str | None) -> None:
    if path is None:
        return
    parts = [part for part in path.split("/") if part]
    inside = path.startswith("/") and parts[:2] == ["opt", "ml"] and len(parts) > 2 and parts[2] != "input"
    if not inside or {".", ".."} & set(parts) or "\0" in path:
        raise validation_error(
            f"CheckpointConfig.LocalPath: '{path}' cannot be offered. It is a folder below /opt/ml, but for "
            "/opt/ml/input: leave it out for /opt/ml/checkpoints."
        )
