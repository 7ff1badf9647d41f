"""What a framework's image does where an inference script says nothing: arrays in, and what was predicted out.

Source: the README of AWS's inference toolkit; the SageMaker Python SDK's "Using Scikit-learn with the SageMaker Python
SDK", "Process Model Input", "Get Predictions", "Process Model Output".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import formats
from ..formats.matrix import Sparse
from .message import Refused


class Arrays:
    """`model_fn` is the script's affair, unless the framework has a format of its own."""

    def model_fn(self, directory: str) -> Any:
        """AWS's containers leave it to the script, too."""
        raise NotImplementedError("The script has to define model_fn(model_dir), which returns the model.")

    def input_fn(self, body: bytes | str, content_type: str) -> Any:
        """The body's array: float32, but of JSON's lists of any depth what numpy makes of them."""
        name, raw = formats.known(content_type), body.encode() if isinstance(body, str) else bytes(body)
        if name == formats.JSON and raw.lstrip()[:1] == b"[":
            try:
                return np.array(json.loads(raw))
            except ValueError as problem:
                raise Refused(400, f"The body is no array of JSON: {problem}.") from problem
        if name not in formats.DECODERS:
            raise Refused(
                415, f"Content type {content_type!r} is not read here. Use one of {', '.join(formats.DECODERS)}."
            )
        rows = formats.DECODERS[name](raw)
        if isinstance(rows, Sparse):
            raise Refused(
                415, f"Content type {content_type!r} is sparse here, which only the script's input_fn can read."
            )
        return rows

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The model's `predict`."""
        return model.predict(data)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """The prediction as `accept` wants it; of a generator, each of what it yields."""
        chosen = formats.accepted(accept, formats.JSON)
        if chosen is None:
            raise Refused(406, f"Accept {accept!r} is not written here. Use one of {', '.join(formats.ENCODERS)}.")
        if isinstance(prediction, Iterator):
            return (_piece(one, chosen) for one in prediction), chosen
        return formats.ENCODERS[chosen](prediction), chosen


def _piece(one: Any, chosen: str) -> Any:
    if isinstance(one, (str, bytes)):
        return one
    return (
        formats.ENCODERS[formats.JSON](one) + b"\n" if chosen == formats.JSON_LINES else formats.ENCODERS[chosen](one)
    )
