"""Which path is answered how."""

from __future__ import annotations

import json
from collections.abc import Callable

from .connection import Connection
from .message import JSON, TEXT, Refused, Request, Response
from .models import PATH, Models, invoked
from .predictor import Predictor

_Answer = Callable[[Request, Connection], None]


class Routes:
    """GET /ping, POST /invocations, GET /execution-parameters; with many models, /models… in place of /invocations.

    Source: SageMaker developer guide, "Use Your Own Inference Code with Hosting Services" and "… with Batch
    Transform".
    """

    def __init__(self, predictor: Predictor, parameters: dict[str, object]) -> None:
        shown = Response(json.dumps(parameters).encode(), JSON)
        self._methods: dict[str, dict[str, _Answer]] = {
            "/ping": {"GET": lambda request, connection: connection.answer(Response())},
            "/execution-parameters": {"GET": lambda request, connection: connection.answer(shown)},
            "/invocations": {"POST": predictor.submit},
        }

    def serve_many(self, models: Models, predictor: Predictor, loader: Predictor) -> None:
        """Answer /models."""

        def load(request: Request, connection: Connection) -> None:
            models.reserve(request)
            loader.submit(request, connection)

        def answer(request: Request, connection: Connection) -> None:
            connection.answer(models.answer(request))

        del self._methods["/invocations"]
        self._methods |= {
            PATH: {"GET": answer, "POST": load},
            f"{PATH}/NAME": {"GET": answer, "DELETE": answer},
            f"{PATH}/NAME/invoke": {"POST": predictor.submit},
        }

    def dispatch(self, request: Request, connection: Connection) -> None:
        """Answer a request now, or have it answered."""
        path = request.target.partition("?")[0]
        if path.startswith(f"{PATH}/"):
            path = f"{PATH}/NAME/invoke" if invoked(request) else f"{PATH}/NAME"
        methods = self._methods.get(path)
        if methods is None:
            known = ", ".join(f"{method} {path}" for path, methods in self._methods.items() for method in methods)
            connection.answer(Refused(404, f"There is no {path} here. There are: {known}.").response())
        elif request.method not in methods:
            allowed = ", ".join(methods)
            connection.answer(Response(f"{path} takes {allowed}.".encode(), TEXT, 405, {"Allow": allowed}))
        else:
            try:
                methods[request.method](request, connection)
            except Refused as refused:
                connection.answer(refused.response())
