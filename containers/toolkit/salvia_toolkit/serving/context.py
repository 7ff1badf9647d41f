"""What functions of a script get that take one argument more: the request beyond its body, and the answer's head.

Source: the README of AWS's inference toolkit; its context is Multi Model Server's, of which this has what its
documentation of custom services names.
"""

from __future__ import annotations

from pathlib import Path

from .message import Request, Response


class Context:
    """The context of one request; while the model is loaded, of none."""

    def __init__(self, directory: Path, request: Request | None = None) -> None:
        self.system_properties = {"model_dir": str(directory), "gpu_id": None}
        self.manifest: dict[str, object] = {}
        self.model_name = "model"
        self._headers = request.headers if request else {}
        self._status: int | None = None
        self._answered: dict[str, str] = {}

    def get_request_header(self, idx: int, key: str) -> str | None:
        """A header of the request."""
        return self._headers.get(key.lower())

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        """All of them."""
        return dict(self._headers)

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """The status of the answer."""
        self._status = code

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """A header of the answer, such as X-Amzn-SageMaker-Custom-Attributes."""
        self._answered[key] = value

    def set_response_content_type(self, idx: int, value: str) -> None:
        """The answer's content type."""
        self._answered["Content-Type"] = value

    def applied(self, response: Response) -> Response:
        """The response with what was set."""
        response.status = self._status or response.status
        headers = dict(self._answered)
        response.content_type = headers.pop("Content-Type", response.content_type)
        response.headers |= headers
        return response
