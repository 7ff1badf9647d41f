"""What CloudWatch says when it refuses."""

from __future__ import annotations

from salvia.core.errors import ServiceError


def bad_value(message: str) -> ServiceError:
    """A parameter that is out of range."""
    return ServiceError("InvalidParameterValue", message)


def bad_combination(message: str) -> ServiceError:
    """Parameters that exclude each other."""
    return ServiceError("InvalidParameterCombination", message)


def absent(message: str) -> ServiceError:
    """A parameter that is needed."""
    return ServiceError("MissingParameter", message)


def not_valid(message: str) -> ServiceError:
    """GetMetricData has one code for everything."""
    return ServiceError("ValidationError", message)
