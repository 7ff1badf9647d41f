"""What the tests of S3 share: how a refusal looks to a client."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Any, **request: Any) -> tuple[str, int]:
    """The code and status with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def error(call: Any, **request: Any) -> dict[str, Any]:
    """The error element of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    found: dict[str, Any] = caught.value.response["Error"]
    return found
