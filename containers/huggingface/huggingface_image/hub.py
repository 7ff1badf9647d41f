"""A model that is named rather than brought: HF_MODEL_ID, downloaded from the hub before the endpoint is in service.

Source: the README of Hugging Face's inference toolkit, "Environment variables"; for HF_ENDPOINT that of
huggingface_hub.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_FOLDER = "SALVIA_HF_MODEL"  # where it is, for the process that follows, and for workers
_WEIGHTS = "*.safetensors"
# Weights of other libraries, and PyTorch's own where there are safetensors.
_OTHERS = ("*.h5", "*.msgpack", "*.ot", "*.onnx", "*.tflite", "rust_model*", "onnx/*", "openvino/*", "coreml/*")
_PICKLED = ("*.bin", "*.pt", "*.pth")


class HubError(Exception):
    """The model cannot be had; the text says why, and what to do."""


def found() -> Path | None:
    """Where the model from the hub is; None where the archive has it."""
    return Path(folder) if (folder := os.environ.get(_FOLDER)) else None


def bring() -> None:
    """Download what HF_MODEL_ID names, unless nothing is named, or a folder. Raises HubError."""
    name = os.environ.get("HF_MODEL_ID")
    if not name or found():
        return
    if os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true":
        raise HubError("HF_MODEL_ID names one model, and a multi-model endpoint brings its own. Leave it out.")
    if Path(name).is_dir():
        os.environ[_FOLDER] = name
        return
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    revision = os.environ.get("HF_MODEL_REVISION") or None
    hub = HfApi(token=os.environ.get("HF_API_TOKEN") or os.environ.get("HF_HUB_TOKEN") or False)
    try:
        files = hub.model_info(name, revision=revision).siblings or ()
        safe = any(Path(file.rfilename).match(_WEIGHTS) for file in files)
        os.environ[_FOLDER] = hub.snapshot_download(
            name,
            revision=revision,
            cache_dir=tempfile.mkdtemp(prefix="hub-"),
            ignore_patterns=[*_OTHERS, *(_PICKLED if safe else ())],
        )
    except (HfHubHTTPError, OSError, ValueError) as problem:
        raise HubError(
            f"HF_MODEL_ID is {name!r}, and {hub.endpoint} does not give it: {problem}\nCheck its name, "
            "HF_MODEL_REVISION and HF_API_TOKEN. Without a network, as with EnableNetworkIsolation, have the model in "
            "the archive that ModelDataUrl names, and leave HF_MODEL_ID out."
        ) from problem
