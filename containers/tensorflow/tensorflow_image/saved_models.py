"""The SavedModels of an archive, and what TensorFlow Serving's REST API says for them.

A model is a folder NAME with a folder of numbers for each version: NAME/VERSION/saved_model.pb; in a folder that is
itself the model, VERSION/saved_model.pb.

Source: TensorFlow's guide, "RESTful API", "Predict API"; the README of AWS's TensorFlow Serving container, "Deploying a
TensorFlow Serving Model".
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

_SIGNATURE = "serving_default"
_BYTES = "_bytes"  # outputs so named are bytes, and base64 in JSON; other strings are texts


class RestError(Exception):
    """A request that TensorFlow Serving would not answer, either; the text says why."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """As an HTTP client has it: what scripts' output_handler is given."""

    status_code: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.content)


class SavedModels:
    """All versions of all models of a folder. Threads may ask at once."""

    def __init__(self, directory: Path) -> None:
        self._models: dict[str, dict[int, _Version]] = {}
        for file in sorted(directory.rglob("saved_model.pb")):
            version = file.parent.name
            if version.isdecimal():
                self._models.setdefault(file.parent.parent.name, {})[int(version)] = _Version(file.parent)
        if not self._models:
            held = ", ".join(sorted(path.name for path in directory.iterdir())[:10]) or "nothing"
            raise FileNotFoundError(
                f"The model has no SavedModel: its archive must hold VERSION/saved_model.pb, such as 1/saved_model.pb, "
                f"or NAME/VERSION/saved_model.pb; it has {held}."
            )
        chosen = os.environ.get("SAGEMAKER_TFS_DEFAULT_MODEL_NAME")
        self.default = chosen or next(iter(self._models))
        if self.default not in self._models:
            raise FileNotFoundError(
                f"SAGEMAKER_TFS_DEFAULT_MODEL_NAME is {chosen}; the models are {', '.join(self._models)}."
            )

    def ask(self, document: Any, name: str, version: str | None = None, method: str = "predict") -> Answer:
        """What TensorFlow Serving answers to a request's JSON."""
        try:
            return Answer(200, json.dumps(self._asked(document, name, version, method)).encode())
        except RestError as problem:
            return Answer(problem.status, json.dumps({"error": str(problem)}).encode())

    def post(self, body: bytes | str, name: str, version: str | None = None, method: str = "predict") -> Answer:
        """The same for a request's body."""
        try:
            return self.ask(json.loads(body), name, version, method)
        except ValueError as problem:
            return Answer(400, json.dumps({"error": f"The request is not JSON: {problem}."}).encode())

    def _asked(self, document: Any, name: str, version: str | None, method: str) -> dict[str, Any]:
        if method != "predict":
            raise RestError(f"Method {method} is not served here; there is predict.")
        versions = self._models.get(name)
        if versions is None:
            raise RestError(f"There is no model {name}; there are {', '.join(self._models)}.", 404)
        if version is not None and (not version.isdecimal() or int(version) not in versions):
            raise RestError(f"Model {name} has no version {version}; it has {', '.join(map(str, versions))}.", 404)
        return versions[int(version) if version else max(versions)].predict(document)


class _Version:
    """One SavedModel."""

    def __init__(self, folder: Path) -> None:
        self._model = tf.saved_model.load(str(folder))  # whose variables its signatures need

    def predict(self, document: Any) -> dict[str, Any]:
        """The Predict API: `instances`, by rows, or `inputs`, by columns."""
        if not isinstance(document, dict) or ("instances" in document) == ("inputs" in document):
            raise RestError('The request must be an object with either "instances" or "inputs".')
        name = str(document.get("signature_name", _SIGNATURE))
        signature = self._model.signatures.get(name)
        if signature is None:
            has = ", ".join(self._model.signatures) or "none"
            raise RestError(f"The model has no signature {name}; it has {has}.")
        wanted = signature.structured_input_signature[1]
        rows = "instances" in document
        columns = _columns(document["instances"], wanted) if rows else _inputs(document["inputs"], wanted)
        if columns.keys() != wanted.keys():
            raise RestError(f"The signature's inputs are {', '.join(wanted)}; there are {', '.join(columns)}.")
        try:
            found = signature(**{name: _tensor(name, columns[name], spec) for name, spec in wanted.items()})
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as problem:
            raise RestError(problem.message) from problem
        outputs = {name: _plain(name, tensor) for name, tensor in found.items()}
        return {"predictions": _rows(outputs, len(document["instances"]))} if rows else {"outputs": _only(outputs)}


def _columns(instances: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """An instance is an object of all inputs, or the value of the only one."""
    if not isinstance(instances, list) or not instances:
        raise RestError('"instances" must be a list, and not empty.')
    if all(isinstance(instance, dict) and instance.keys() != {"b64"} for instance in instances):
        names = instances[0].keys()
        if any(instance.keys() != names for instance in instances):
            raise RestError("Each instance must have the same inputs.")
        return {name: [instance[name] for instance in instances] for name in names}
    return _alone(instances, wanted)


def _inputs(inputs: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return inputs if isinstance(inputs, dict) and inputs.keys() != {"b64"} else _alone(inputs, wanted)


def _alone(value: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    if len(wanted) != 1:
        raise RestError(f"The signature has several inputs, which must be named: {', '.join(wanted)}.")
    return {next(iter(wanted)): value}


def _tensor(name: str, value: Any, spec: tf.TensorSpec) -> tf.Tensor:
    try:
        texts = spec.dtype == tf.string
        array = np.array(_decoded(value) if texts else value, object if texts else spec.dtype.as_numpy_dtype)
        tensor = tf.constant(array, spec.dtype)
    except (TypeError, ValueError, OverflowError) as problem:
        raise RestError(f"Input {name} is no array of {spec.dtype.name}: {problem}") from problem
    if not spec.shape.is_compatible_with(tensor.shape):
        raise RestError(f"Input {name} has shape {tensor.shape} where the model takes {spec.shape}.")
    return tensor


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    return base64.b64decode(value["b64"]) if isinstance(value, dict) and value.keys() == {"b64"} else value


def _plain(name: str, tensor: tf.Tensor) -> Any:
    values = tensor.numpy()
    values = values.tolist() if hasattr(values, "tolist") else values
    return _said(values, name.endswith(_BYTES)) if tensor.dtype == tf.string else values


def _said(value: Any, raw: bool) -> Any:
    if isinstance(value, list):
        return [_said(one, raw) for one in value]
    return {"b64": base64.b64encode(value).decode()} if raw else value.decode(errors="replace")


def _rows(outputs: dict[str, Any], count: int) -> list[Any]:
    for name, values in outputs.items():
        if not isinstance(values, list) or len(values) != count:
            raise RestError(f'Output {name} is not one for each of the {count} instances; ask by "inputs".')
    if len(outputs) == 1:
        only: list[Any] = _only(outputs)
        return only
    return [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]


def _only(outputs: dict[str, Any]) -> Any:
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs
