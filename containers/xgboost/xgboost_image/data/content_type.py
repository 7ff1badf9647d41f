"""ContentType of a channel → how to read it.

Source: SageMaker developer guide, "Input/Output Interface for the XGBoost Algorithm".
"""

from __future__ import annotations

from salvia_toolkit.algorithm.failures import ClientError

CSV = "text/csv"
LIBSVM = "text/libsvm"
PARQUET = "application/x-parquet"
RECORDIO = "application/x-recordio-protobuf"
DEFAULT = LIBSVM

_NAMES = {
    "csv": CSV,
    CSV: CSV,
    "libsvm": LIBSVM,
    LIBSVM: LIBSVM,
    "text/x-libsvm": LIBSVM,
    "parquet": PARQUET,
    PARQUET: PARQUET,
    "recordio-protobuf": RECORDIO,
    RECORDIO: RECORDIO,
}


def understood(declared: str | None, channel: str) -> str:
    """One of the constants above; libsvm when nothing is declared.

    Raises ClientError for any other type, and for a CSV whose label_size is not 1.
    """
    if declared is None:
        return DEFAULT
    name, *parameters = (part.strip() for part in declared.lower().split(";"))
    if name not in _NAMES:
        raise ClientError(
            f"Channel {channel!r}: ContentType {declared!r} is not one that XGBoost reads. "
            f"Use {CSV}, {LIBSVM}, {PARQUET} or {RECORDIO}."
        )
    sizes = [value.strip() for key, _, value in (text.partition("=") for text in parameters) if key == "label_size"]
    if _NAMES[name] == CSV and any(size != "1" for size in sizes):
        raise ClientError(
            f"Channel {channel!r}: ContentType {declared!r}: label_size must be 1; "
            "the label is the first column of each row."
        )
    return _NAMES[name]
