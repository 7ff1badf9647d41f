"""Many models in one server: what a multi-model endpoint asks of its container.

    POST /models                 {"model_name": …, "url": folder}: load one; 409 if it is, 507 if memory is short
    GET /models                  those that are loaded, in pages
    GET /models/NAME             one; 404 if it is not loaded
    DELETE /models/NAME          unload it
    POST /models/NAME/invoke     as /invocations

A thread loads, another predicts: what is loaded goes on answering meanwhile.

Source: SageMaker developer guide, "Contract for Custom Containers to Serve Multiple Models".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from . import memory
from .handler import Handler, Loader
from .message import JSON, Refused, Request, Response
from .predictor import failure

PATH = "/models"
_PAGE = 100
_GROWTH = 2  # a model in memory, at a guess, over its files


@dataclass(slots=True)
class _Model:
    """`handler` is None while it is being loaded."""

    url: str
    handler: Handler | None = None

    def shown(self, name: str) -> dict[str, str]:
        return {"modelName": name, "modelUrl": self.url}


class Models:
    """The models by their names. Loading and predicting are handlers' work, in their threads; the rest is quick."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._limit = memory.limit()
        self._models: dict[str, _Model] = {}
        self.loading = _Each(self._loaded)
        self.predicting = _Together(self._models)

    def answer(self, request: Request) -> Response:
        """GET, and DELETE. Raises Refused."""
        target = urlsplit(request.target)
        name = unquote(target.path.removeprefix(PATH).strip("/"))
        if not name:
            return self._page(parse_qs(target.query).get("next_page_token", [""])[0])
        model = self._models.get(name)
        if model is None or model.handler is None:
            raise _missing(name)
        shown = _json(model.shown(name))
        if request.method == "DELETE":
            del self._models[name], model
            memory.give_back()
        return shown

    def reserve(self, request: Request) -> None:
        """Before it is loaded: so that nobody loads it twice. Raises Refused."""
        name, url = _asked(request)
        if name in self._models:
            raise Refused(409, f"Model {name!r} is loaded already, or being loaded.")
        self._models[name] = _Model(url)

    def _loaded(self, request: Request) -> Response:
        name, url = _asked(request)
        model = self._models[name]
        try:
            model.handler = self._fitting(name, Path(url))
        except BaseException as problem:
            del self._models[name]
            memory.give_back()
            if isinstance(problem, Refused):
                raise
            failure(problem)
            raise Refused(400, f"Model {name!r} cannot be loaded: {problem}") from problem
        return _json(model.shown(name))

    def _fitting(self, name: str, directory: Path) -> Handler:
        if not directory.is_dir():
            raise Refused(400, f"Model {name!r}: there is no folder {directory}.")
        size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
        if memory.used() + _GROWTH * size > self._limit:
            raise self._full(name)
        try:
            handler = self._load(directory)
        except MemoryError as problem:
            raise self._full(name) from problem
        if memory.used() > self._limit:
            del handler
            raise self._full(name)
        return handler

    def _full(self, name: str) -> Refused:
        return Refused(
            507,
            f"There is no memory to load model {name!r}: {memory.used() >> 20} MiB of {self._limit >> 20} are used, "
            f"for {len(self._models) - 1} others. Unload one.",
        )

    def _page(self, after: str) -> Response:
        names = sorted(name for name, model in self._models.items() if model.handler and name > after)
        page: dict[str, object] = {"models": [self._models[name].shown(name) for name in names[:_PAGE]]}
        if len(names) > _PAGE:
            page["nextPageToken"] = names[_PAGE - 1]
        return _json(page)


class _Each:
    """A handler of one request after the other."""

    batches = False

    def __init__(self, one: Callable[[Request], Response]) -> None:
        self._one = one

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        return [self._one(request) for request in requests]


class _Together:
    """Predicts: what has arrived for one model in one call of it."""

    batches = True

    def __init__(self, models: dict[str, _Model]) -> None:
        self._models = models

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        of: dict[str, list[int]] = {}
        for at, request in enumerate(requests):
            of.setdefault(invoked(request), []).append(at)
        responses: dict[int, Response] = {}
        for name, places in of.items():
            responses.update(zip(places, self._of(name, [requests[at] for at in places]), strict=True))
        return [responses[at] for at in range(len(requests))]

    def _of(self, name: str, requests: list[Request]) -> Sequence[Response]:
        model = self._models.get(name)
        if model is None or model.handler is None:
            return [_missing(name).response()] * len(requests)
        try:
            return model.handler.answer(requests)
        except Exception as problem:
            return [failure(problem)] * len(requests)


def invoked(request: Request) -> str:
    """NAME of /models/NAME/invoke; empty for another path."""
    path = urlsplit(request.target).path
    end = "/invoke"
    return unquote(path.removeprefix(f"{PATH}/").removesuffix(end)) if path.endswith(end) else ""


def _asked(request: Request) -> tuple[str, str]:
    try:
        told = json.loads(request.body)
        name, url = told["model_name"], told["url"]
    except (ValueError, TypeError, KeyError) as problem:
        raise Refused(400, 'The body must be {"model_name": …, "url": …}.') from problem
    if not isinstance(name, str) or not isinstance(url, str) or not name:
        raise Refused(400, "model_name and url must be texts.")
    return name, url


def _missing(name: str) -> Refused:
    return Refused(404, f"Model {name!r} is not loaded.")


def _json(value: object) -> Response:
    return Response(json.dumps(value).encode(), JSON)
