"""A model server whose model does what each request says in JSON: sleep, fail, answer in pieces, tell its batch.

{"sleep": seconds, "raise": text, "pieces": n, "gap": seconds, "break": n, "size": bytes}; every answer tells how many
requests were answered together, and in which thread.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from salvia_toolkit.serving.main import serve
from salvia_toolkit.serving.message import Refused, Request, Response


class Echo:
    batches = "ECHO_ALONE" not in os.environ

    def __init__(self, directory: Path) -> None:
        if (directory / "broken").exists():
            raise ValueError("the file broken is there")
        self._thread = threading.get_ident()

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        assert threading.get_ident() == self._thread  # a model is used where it was made
        told = [json.loads(request.body or b"{}") for request in requests]
        time.sleep(max(one.get("sleep", 0) for one in told))
        for one in told:
            if "raise" in one:
                raise RuntimeError(one["raise"])
            if "refuse" in one:
                raise Refused(one["refuse"], "refused as asked")
        return [self._response(one, len(requests), request) for one, request in zip(told, requests, strict=True)]

    def _response(self, told: dict[str, Any], together: int, request: Request) -> Response:
        attributes = request.headers.get("x-amzn-sagemaker-custom-attributes", "")
        headers = {"X-Amzn-SageMaker-Custom-Attributes": attributes} if attributes else {}
        if "pieces" in told:
            return Response(_pieces(told), "text/plain", headers=headers)
        if "size" in told:
            return Response(b"x" * told["size"], "application/octet-stream")
        body = json.dumps({"together": together, "received": len(request.body)}).encode()
        return Response(body, "application/json", headers=headers)


def _pieces(told: dict[str, Any]) -> Iterator[bytes]:
    try:
        for number in range(told["pieces"]):
            if number == told.get("break"):
                raise RuntimeError(f"broken off at {number}")
            yield f"piece {number}\n".encode() * told.get("times", 1)
            time.sleep(told.get("gap", 0))
    finally:
        print("pieces ended", flush=True)


if __name__ == "__main__":
    sys.exit(serve(Echo))
