"""A request's body as a DMatrix, for the input_fn of a script."""

from __future__ import annotations

from typing import Any

from salvia_toolkit import formats
from salvia_toolkit.serving.message import Request
from xgboost_image.inference import payload


def decode(obj: bytes | str, content_type: str) -> Any:
    """The rows of a body of any content type that XGBoost reads here."""
    body = obj.encode() if isinstance(obj, str) else bytes(obj)
    return payload.matrix(payload.rows(Request("POST", "", {"content-type": content_type}, body)))


def csv_to_dmatrix(input: bytes | str, dtype: Any = None) -> Any:  # noqa: A002 - AWS's name
    """Of text/csv; values are float32, whatever `dtype` says."""
    return decode(input, formats.CSV)


def libsvm_to_dmatrix(string_like: bytes | str) -> Any:
    """Of text/libsvm."""
    return decode(string_like, formats.LIBSVM)


def recordio_protobuf_to_dmatrix(string_like: bytes) -> Any:
    """Of application/x-recordio-protobuf."""
    return decode(string_like, formats.RECORDIO)
