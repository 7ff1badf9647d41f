"""Content types, in and out: a module each, with `decode` and `encode`, and these tables of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import delimited, documents, libsvm, npy, parquet, recordio
from .matrix import FormatError, Matrix

CSV, LIBSVM, RECORDIO = "text/csv", "text/libsvm", "application/x-recordio-protobuf"
JSON, JSON_LINES, NPY, PARQUET = (
    "application/json",
    "application/jsonlines",
    "application/x-npy",
    "application/x-parquet",
)
TEXTS = (CSV, JSON)  # what AWS's inference toolkit hands to scripts as text

DECODERS: dict[str, Callable[[bytes], Matrix]] = {
    CSV: delimited.decode,
    LIBSVM: libsvm.decode,
    RECORDIO: recordio.decode,
    JSON: documents.decode,
    JSON_LINES: documents.decode_lines,
    NPY: npy.decode,
    PARQUET: parquet.decode,
}
ENCODERS: dict[str, Callable[[Any], bytes]] = {
    JSON: documents.encode,
    CSV: delimited.encode,
    JSON_LINES: documents.encode_lines,
    NPY: npy.encode,
    PARQUET: parquet.encode,
    RECORDIO: recordio.encode_rows,
}
_OTHER_NAMES = {
    "text/x-libsvm": LIBSVM,
    "application/x-jsonlines": JSON_LINES,
    "application/jsonl": JSON_LINES,
    **{name.rpartition("/")[2].removeprefix("x-"): name for name in DECODERS},  # csv, libsvm, recordio-protobuf, …
}

__all__ = ["CSV", "DECODERS", "ENCODERS", "JSON", "JSON_LINES", "LIBSVM", "RECORDIO", "TEXTS", "FormatError", "known"]


@lru_cache(maxsize=256)
def known(content_type: str) -> str:
    """The name in the tables of a type with its parameters; as it stands when it has none."""
    name = content_type.partition(";")[0].strip().lower()
    return _OTHER_NAMES.get(name, name)


@lru_cache(maxsize=256)
def accepted(header: str, default: str, written: tuple[str, ...] = tuple(ENCODERS)) -> str | None:
    """The first type of an Accept header that is written; None when there is none."""
    for wanted in header.split(","):
        name = known(wanted)
        name = {"*/*": known(default), "text/*": CSV, "application/*": JSON}.get(name, name)
        if name in written:
            return name
    return None
