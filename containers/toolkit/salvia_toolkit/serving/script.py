"""A user's inference script: model_fn, input_fn, predict_fn, output_fn or transform_fn.

It is SAGEMAKER_PROGRAM in SAGEMAKER_SUBMIT_DIRECTORY (an S3 URI or a path), else in the model's folder `code`, where
`inference.py` needs not be named. What a script does not define, the image does.

Source: the README of AWS's inference toolkit; the SageMaker Python SDK's "Deploy models": "Process Model Input" etc.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from .. import formats
from ..script.requirements import python_for
from ..script.source import bring, check, inside
from .context import Context
from .message import Refused, Request, Response

_DEFAULT = "inference.py"
_PREPARED = "SALVIA_SCRIPT"  # the folder of the script, for the process that follows, and for workers
_PARTS = ("input_fn", "predict_fn", "output_fn")


class Defaults(Protocol):
    """What an image does where a script says nothing."""

    def model_fn(self, directory: str) -> Any:
        """The model in a folder."""

    def input_fn(self, body: bytes | str, content_type: str) -> Any:
        """What is to be predicted."""

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The prediction."""

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """The answer's body, or its pieces."""


def wanted(base: Path) -> bool:
    """Whether the model brings a script."""
    return bool(os.environ.get("SAGEMAKER_PROGRAM")) or brought(base / "model")


def brought(model: Path) -> bool:
    """Whether a model's folder has one that needs not be named."""
    return (model / "code" / _DEFAULT).is_file()


def prepare(base: Path) -> None:
    """Bring the script and what it requires, in whose Python this process then goes on. Raises ScriptError."""
    if os.environ.get(_PREPARED):
        return
    program = os.environ.get("SAGEMAKER_PROGRAM") or _DEFAULT
    source = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or str(base / "model" / "code")
    place = inside(source, base)
    if not source.startswith("s3://") and place.is_dir():
        check(place, program, source)
        code = place
    else:
        code = bring(source, program, base)
    os.environ[_PREPARED] = str(code)
    python = python_for(code)
    if str(python) != sys.executable:
        os.execv(python, [str(python), *sys.orig_argv[1:]])


class Script:
    """The handler that a script is; without one, what its image does."""

    batches = False

    def __init__(self, directory: Path, defaults: Defaults) -> None:
        self._directory = directory
        self._accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or formats.JSON
        module = loaded()
        functions = {name: getattr(module, name, None) for name in ("model_fn", "transform_fn", *_PARTS)}
        both = [name for name in _PARTS if functions[name]]
        if functions["transform_fn"] and both:
            raise ValueError(
                f"{module.__file__} defines transform_fn and {', '.join(both)}: transform_fn takes the place of these."
            )
        self._functions: dict[str, Callable[..., Any]] = {
            name: given or getattr(defaults, name, self._transform) for name, given in functions.items()
        }
        self._model = self._call("model_fn", Context(directory), str(directory))

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """One request at a time, as scripts are written."""
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Response:
        context = Context(self._directory, request)
        content_type = request.content_type or formats.JSON
        body: bytes | str = request.body
        if formats.known(content_type) in formats.TEXTS:
            try:
                body = request.body.decode()
            except UnicodeDecodeError as problem:
                raise Refused(400, f"The body is not UTF-8, which {content_type} must be: {problem}.") from problem
        accept = request.accept or self._accept
        try:
            result = self._call("transform_fn", context, self._model, body, content_type, accept)
        except formats.FormatError as problem:
            raise Refused(400, f"{problem} (Content type: {content_type}.)") from problem
        except Exception as problem:
            status = getattr(problem, "status_code", None)  # the errors of AWS's toolkit have one
            if isinstance(status, int):
                raise Refused(status, str(getattr(problem, "message", problem))) from problem
            raise
        answered, content_type = result if isinstance(result, tuple) and len(result) == 2 else (result, accept)
        return context.applied(Response(_body(answered), str(content_type)))

    def _transform(self, model: Any, body: bytes | str, content_type: str, accept: str, context: Context) -> Any:
        data = self._call("input_fn", context, body, content_type)
        prediction = self._call("predict_fn", context, data, model)
        return self._call("output_fn", context, prediction, accept)

    def _call(self, name: str, context: Context, *arguments: Any) -> Any:
        """A function may take the context after its arguments."""
        function = self._functions[name]
        takes = len(inspect.signature(function).parameters)
        if takes not in (len(arguments), len(arguments) + 1):
            raise TypeError(
                f"{name} takes {takes} arguments; it is called with {len(arguments)}, or with a context too."
            )
        return function(*arguments, *([context] if takes > len(arguments) else []))


def loaded() -> Any:
    """The script's module, once it is prepared; None where there is none."""
    code = os.environ.get(_PREPARED)
    if not code:
        return None
    if code not in sys.path:
        sys.path.insert(0, code)
    return import_module((os.environ.get("SAGEMAKER_PROGRAM") or _DEFAULT).removesuffix(".py").replace("/", "."))


def _body(answered: Any) -> bytes | Iterator[bytes]:
    """A body; of an iterator its pieces; of anything else JSON."""
    if isinstance(answered, str):
        return answered.encode()
    if isinstance(answered, (bytes, bytearray, memoryview)):
        return bytes(answered)
    if isinstance(answered, Iterator):
        return (piece.encode() if isinstance(piece, str) else bytes(piece) for piece in answered)
    return formats.ENCODERS[formats.JSON](answered)
