"""The models of a multi-model endpoint on one instance: each is brought and loaded when it is first asked for.

    S3 ── bring ──▶ on disk ── POST /models ──▶ loaded ── DELETE /models/NAME ──▶ on disk ──▶ gone

The least recently used is unloaded when the container answers 507 or the instance's memory is short, and deleted when
its disk is. One whose object was replaced in S3 stays as it is for as long as it is kept.

Sources: developer guide, "Host Multiple Models with Multi-Model Endpoints", "Contract for Custom Containers to Serve
Multiple Models", "Invoke a Multi-Model Endpoint" (how long a load may take).
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from .inference import Connection
from .model_files import FOLDER, FullError, ModelFiles, RefusedError
from .spec import Many
from .utilization import memory

T = TypeVar("T")
_LOAD = 360.0  # seconds that a model may take to be there
_AT_ONCE, _THREADS = 4, 32  # models that are brought and loaded, at least; what waits for network or disk, at most
_GROWTH = 2  # a model in memory, at a guess, over its files
_FILLED = 0.95  # of the instance's memory, before it is short
_LOOK = 1.0  # seconds between looks at it
_FULL = 507


class _Answer(NamedTuple):
    status: int
    body: bytes


class Model:
    """One that was asked for. `size` is that of its files, 0 if there are none; `users` want it to stay."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.name = hashlib.sha256(target.encode()).hexdigest()[:32]
        self.size = self.users = 0
        self.loaded = False
        self.loading: asyncio.Task[None] | None = None
        self.turn = asyncio.Lock()  # one thing at a time is done to it


class MultiModel:
    """What there is of them. All of it belongs to one event loop; whatever waits for disk or network is in threads.

    `path` is the container's socket, `room` the instance's memory in bytes.
    """

    def __init__(self, many: Many, files: ModelFiles, path: str, room: int) -> None:
        self._many, self._files, self._path, self._room = many, files, path, room
        self._models: dict[str, Model] = {}  # the one that was used longest ago is the first
        self._threads = ThreadPoolExecutor(_THREADS, "models")
        self._loads = asyncio.Semaphore(max(_AT_ONCE, os.cpu_count() or 1))
        self._changed = asyncio.Event()
        self._discarding: set[asyncio.Task[None]] = set()
        self._figures: list[tuple[str, float]] = []
        self._used, self._looked = 0, 0.0

    @property
    def loaded(self) -> int:
        """How many are in the container's memory; for any thread."""
        return sum(model.loaded for model in list(self._models.values()))

    def figures(self, since: float) -> str:
        """What was done since it was last asked, in AWS's names of metrics and microseconds, for a request that waited
        since then."""
        done, self._figures = [*self._figures, ("ModelLoadingWaitTime", time.monotonic() - since)], []
        return ",".join(f"{name}={seconds * 1_000_000:.0f}" for name, seconds in done)

    def ready(self, target: str) -> Model | None:
        """A model for one user, if it is loaded."""
        model = self._models.get(target)
        if model is None or not model.loaded:
            return None
        self._models[target] = self._models.pop(target)
        model.users += 1
        return model

    async def get(self, target: str) -> Model:
        """A model for one user, once it is loaded. Raises RefusedError."""
        model = self._models.pop(target, None) or Model(target)
        self._models[target] = model
        model.users += 1
        try:
            if not model.loaded:
                if model.loading is None:
                    model.loading = asyncio.create_task(self._load(model))
                    model.loading.add_done_callback(lambda task: task.exception())  # nobody may wait for it any more
                async with asyncio.timeout(self._many.patience):
                    await asyncio.shield(model.loading)
        except TimeoutError:
            self.release(model)
            said = f"Model {target} is still being downloaded or loaded. Try again."
            raise RefusedError(429, said, "ModelNotReadyException") from None
        except BaseException:
            self.release(model)
            raise
        return model

    def release(self, model: Model) -> None:
        """Its user is done."""
        model.users -= 1
        self._changed.set()
        if not model.users and model.loaded and not self._many.caches:
            task = asyncio.create_task(self._discard(model))
            self._discarding.add(task)
            task.add_done_callback(self._discarding.discard)
        self._forget(model)

    async def missing(self, model: Model) -> bool:
        """Whether the container, which answered 404, has lost it: it is to be loaded anew."""
        if model.loaded and (await self._call("GET", f"/{FOLDER}/{model.name}")).status == 404:
            model.loaded = False
        return not model.loaded

    async def _load(self, model: Model) -> None:
        try:
            async with self._loads, asyncio.timeout(_LOAD), model.turn:
                if not model.size:
                    await self._timed("ModelDownloadingTime", self._bring(model))
                await self._make_room(model)
                await self._timed("ModelLoadingTime", self._post(model))
                model.loaded = True
        except TimeoutError:
            await self._delete(model)
            raise RefusedError(504, f"Model {model.target} was not loaded within {_LOAD:.0f} seconds.") from None
        except BaseException:
            await self._delete(model)  # what is in S3 may be better the next time
            raise
        finally:
            model.loading = None
            self._changed.set()
            self._forget(model)

    async def _bring(self, model: Model) -> None:
        while not model.size:
            try:
                model.size = await self._in_thread(lambda: self._files.bring(model.target, model.name))
            except FullError as full:
                if not await self._delete_one():
                    said = f"There is no room for model {model.target} on the instance's disk: {full.__cause__}."
                    raise RefusedError(_FULL, said) from full
        disk = self._many.disk
        while disk and sum(one.size for one in self._models.values()) > disk:
            if not await self._delete_one():
                return

    async def _post(self, model: Model) -> None:
        body = json.dumps({"model_name": model.name, "url": self._files.path(model.name)}).encode()
        while True:
            answer = await self._call("POST", f"/{FOLDER}", body, model.target)
            if 200 <= answer.status < 300 or answer.status == 409:  # it has it already
                return
            if answer.status != _FULL or not await self._unload_one(model):
                raise RefusedError(answer.status, answer.body)

    async def _make_room(self, model: Model) -> None:
        """Unload as much as the model needs, if its instance has no room. Raises RefusedError if it never has."""
        if model.size > self._room:
            said = f"Model {model.target} has {model.size} bytes, more than the instance's memory ({self._room})."
            raise RefusedError(_FULL, said)
        if time.monotonic() > self._looked + _LOOK:  # it takes milliseconds
            self._used = await self._in_thread(memory)
            self._looked = time.monotonic()
        self._used += _GROWTH * model.size
        while self._used > _FILLED * self._room and (victim := self._victim(lambda one: one.loaded)) is not None:
            await self._unload(victim)

    async def _unload_one(self, model: Model) -> bool:
        """Unload another, as soon as one is out of use; False when there is none."""
        while (victim := self._victim(lambda one: one.loaded)) is None:
            if not any(one.loaded or one.loading for one in self._models.values() if one is not model):
                return False
            self._changed.clear()
            await self._changed.wait()
        await self._unload(victim)
        return True

    async def _delete_one(self) -> bool:
        """Make room on the disk; False when everything is in use. What is not loaded goes first."""
        victim = self._victim(lambda one: bool(one.size) and not one.loaded)
        victim = victim or self._victim(lambda one: bool(one.size))
        if victim is not None:
            await self._discard(victim)
        return victim is not None

    def _victim(self, good: Callable[[Model], bool]) -> Model | None:
        for model in self._models.values():
            if not model.users and not model.loading and good(model):
                return model
        return None

    async def _discard(self, model: Model) -> None:
        if model.loaded:
            await self._unload(model)
        async with model.turn:
            if not model.users and not model.loaded:
                await self._delete(model)
        self._forget(model)

    async def _unload(self, model: Model) -> None:
        model.loaded = False  # nobody is given it any more
        async with model.turn:
            await self._timed("ModelUnloadingTime", self._call("DELETE", f"/{FOLDER}/{model.name}"))
        self._used -= _GROWTH * model.size

    async def _delete(self, model: Model) -> None:
        model.size = 0
        await self._in_thread(lambda: self._files.remove(model.name))

    def _forget(self, model: Model) -> None:
        """A name that is none, or of which nothing is left, needs no place."""
        if not (model.users or model.size or model.loading) and self._models.get(model.target) is model:
            del self._models[model.target]

    async def _call(self, method: str, path: str, body: bytes | None = None, target: str = "") -> _Answer:
        """What the container answers; that it does not is an answer too."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if target:
            headers["X-Amzn-SageMaker-Target-Model"] = target

        def call() -> _Answer:
            connection = Connection(self._path, _LOAD)
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return _Answer(answer.status, answer.read())
            except (OSError, http.client.HTTPException) as error:
                return _Answer(503, f"{method} {path} was not answered: {type(error).__name__}: {error}".encode())
            finally:
                connection.close()

        return await self._in_thread(call)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _timed(self, name: str, work: Coroutine[None, None, T]) -> T:
        began = time.monotonic()
        found = await work
        self._figures.append((name, time.monotonic() - began))
        return found
