"""What PyTorch does where an inference script says nothing.

Source: the SageMaker Python SDK's "Use PyTorch with the SageMaker Python SDK", "Deploy PyTorch Models"; the README of
AWS's PyTorch inference toolkit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from salvia_toolkit.serving.defaults import Arrays

_SUFFIXES = (".pt", ".pth")


class Tensors(Arrays):
    """A module, a tensor, and a call in between."""

    def model_fn(self, directory: str) -> Any:
        """The one TorchScript module that the folder holds; any other model needs the script's code."""
        found = [file for file in sorted(Path(directory).iterdir()) if file.suffix in _SUFFIXES]
        if len(found) != 1:
            raise FileNotFoundError(
                f"Without model_fn the model must be one TorchScript file ({' or '.join(_SUFFIXES)}); it has "
                f"{', '.join(file.name for file in found) or 'none'}."
            )
        return torch.jit.load(found[0], map_location="cpu").eval()

    def input_fn(self, body: bytes | str, content_type: str) -> Any:
        """The body's array as a tensor; what came as text is float32."""
        array = super().input_fn(body, content_type)
        return torch.tensor(array, dtype=torch.float32) if isinstance(body, str) else torch.from_numpy(array)

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The module's call, without gradients."""
        model.eval()
        with torch.no_grad():
            return model(data)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """The tensor's array as `accept` wants it."""
        plain = prediction.detach().cpu().numpy() if isinstance(prediction, torch.Tensor) else prediction
        return super().output_fn(plain, accept)
