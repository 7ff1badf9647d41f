"""Which path is answered how."""

from __future__ import annotations

import json
from collections.abc import Callable

from .exchange import Exchange
from .message import JSON, TEXT, Refused, Request, Response
from .models import PATH, Models, invoked
from .predictor import Predictor

_Answer = Callable[[Request, Exchange], None]


class Routes:
    """GET /ping, POST /invocations, GET /execution-parameters; with many models, /models… in place of /invocations.

    Source: SageMaker developer guide, "Use Your Own Inference Code with Hosting Services" and "… with Batch
    Transform".
    """

    def __init__(self, predictor: Predictor, parameters: dict[str, object]) -> None:
        shown = Response(json.dumps(parameters).encode(), JSON)
        self._methods: dict[str, dict[str, _Answer]] = {
            "/ping": {"GET": lambda request, exchange: exchange.answer(Response())},
            "/execution-parameters": {"GET": lambda request, exchange: exchange.answer(shown)},
            "/invocations": {"POST": predictor.submit},
        }

    def serve_many(self, models: Models, predictor: Predictor, loader: Predictor) -> None:
        """Answer /models."""

        def load(request: Request, exchange: Exchange) -> None:
            models.reserve(request)
            loader.submit(request, exchange)

        def answer(request: Request, exchange: Exchange) -> None:
            exchange.answer(models.answer(request))

        del self._methods["/invocations"]
        self._methods |= {
            PATH: {"GET": answer, "POST": load},
            f"{PATH}/NAME": {"GET": answer, "DELETE": answer},
            f"{PATH}/NAME/invoke": {"POST": predictor.submit},
        }

    def dispatch(self, request: Request, exchange: Exchange) -> None:
        """Answer a request now, or have it answered."""
        path = request.target.partition("?")[0]
        if path.startswith(f"{PATH}/"):
            path = f"{PATH}/NAME/invoke" if invoked(request) else f"{PATH}/NAME"
        methods = self._methods.get(path)
        if methods is None:
            known = ", ".join(f"{method} {path}" for path, methods in self._methods.items() for method in methods)
            exchange.answer(Refused(404, f"There is no {path} here. There are: {known}.").response())
        elif request.method not in methods:
            allowed = ", ".join(methods)
            exchange.answer(Response(f"{path} takes {allowed}.".encode(), TEXT, 405, {"Allow": allowed}))
        else:
            try:
                methods[request.method](request, exchange)
            except Refused as refused:
                exchange.answer(refused.response())
