"""What the instance of a multi-model endpoint says of a request's model, beside the answer: two headers of its agent's.

Source: SageMaker developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", multi-model endpoint metrics.
"""

from __future__ import annotations

from collections.abc import Mapping

from salvia.core.errors import ServiceError

MULTI_MODEL = "MultiModel"  # where a variant's requests go, as its route has it
WAIT = "ModelLoadingWaitTime"
METRICS = (WAIT, "ModelDownloadingTime", "ModelLoadingTime", "ModelUnloadingTime")
_FIGURES, _ERROR = b"x-salvia-figures", b"x-salvia-error"
_ERRORS = {"ValidationError": 400, "ModelNotReadyException": 429, "InternalFailure": 500}

Figures = list[tuple[str, float]]


def figures(headers: Mapping[bytes, bytes]) -> Figures:
    """What a request waited, and what was done to models since others were told; in seconds. Nothing: it was loaded."""
    found = []
    for word in headers.get(_FIGURES, b"").decode("latin-1").split(","):
        name, _, micros = word.partition("=")
        if name in METRICS and micros.isdecimal() and len(micros) < 12:
            found.append((name, int(micros) / 1_000_000))
    return found


def refused(headers: Mapping[bytes, bytes], said: str) -> ServiceError | None:
    """Why a request cannot have its model; None: the container has the word."""
    code = headers.get(_ERROR, b"").decode("latin-1")
    return ServiceError(code, said, _ERRORS[code]) if code in _ERRORS else None
