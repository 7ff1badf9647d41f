"""Which path is answered how."""

from __future__ import annotations

import json
from collections.abc import Callable

from .connection import Connection
from .message import JSON, TEXT, Refused, Request, Response
from .predictor import Predictor

Answer = Callable[[Request, Connection], None]


class Routes:
    """GET /ping, POST /invocations, GET /execution-parameters.

    Source: SageMaker developer guide, "Use Your Own Inference Code with Hosting Services" and "… with Batch
    Transform".
    """

    def __init__(self, predictor: Predictor, parameters: dict[str, object]) -> None:
        self._predictor = predictor
        self._parameters = Response(json.dumps(parameters).encode(), JSON)
        self._paths: dict[str, tuple[str, Answer]] = {
            "/ping": ("GET", self._ping),
            "/invocations": ("POST", predictor.submit),
            "/execution-parameters": ("GET", self._execution_parameters),
        }

    def dispatch(self, request: Request, connection: Connection) -> None:
        """Answer a request now, or have it answered."""
        path = request.target.partition("?")[0]
        found = self._paths.get(path)
        if found is None:
            known = ", ".join(f"{method} {path}" for path, (method, _) in self._paths.items())
            connection.answer(Refused(404, f"There is no {path} here. There are: {known}.").response())
        elif found[0] != request.method:
            refused = Response(f"{path} takes {found[0]}.".encode(), TEXT, 405, {"Allow": found[0]})
            connection.answer(refused)
        else:
            found[1](request, connection)

    def _ping(self, request: Request, connection: Connection) -> None:
        connection.answer(Response())

    def _execution_parameters(self, request: Request, connection: Connection) -> None:
        connection.answer(self._parameters)
