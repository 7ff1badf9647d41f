"""Operations and where they are handled.

A handler is found by what it says of itself (`@operation("CreateTrainingJob")`) and by where it lives
(`salvia/services/SERVICE/…`): adding a room needs no list to be edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from salvia.core.errors import ServiceError

from . import records
from .call import Handler
from .resource import Resource

if TYPE_CHECKING:
    pass


class Dispatch:
    """From (service, operation) to the handler; from a kind to its declaration."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self.handlers: dict[tuple[str, str], Handler] = {}
        self.resources: dict[str, Resource] = {}
        self.reconcilers: dict[str, Any] = {}
        self.hooks: dict[str, list[Callable[..., Any]]] = {"provide": [], "bootstrap": [], "sweep": [], "quotas": []}
        for module in modules:
            folder = module.__name__.split(".")[2]
            for value in list(vars(module).values()):
                if isinstance(value, Resource):
                    self.resources[value.kind] = value
                name = getattr(value, "__salvia_operation__", None)
                if name is not None and getattr(value, "__module__", "") == module.__name__:
                    service = value.__salvia_service__ or folder
                    if (service, name) in self.handlers:
                        raise RuntimeError(f"{service}:{name} has two handlers; the second is in {module.__name__}.")
                    self.handlers[(service, name)] = value
            for hook, found in self.hooks.items():
                function = vars(module).get(hook)
                if callable(function) and function.__module__ == module.__name__:
                    found.append(function)
            steps = vars(module).get("RECONCILES")
            if steps is not None:
                self.reconcilers[steps.kind] = vars(module)["reconcile"]
        for resource in self.resources.values():
            for name, handler in records.handlers(resource):
                self.handlers.setdefault((resource.service, name), handler)

    def handler(self, service: str, name: str) -> Handler:
        """The handler of an operation. Raises NotImplemented when nobody has built it."""
        handler = self.handlers.get((service, name))
        if handler is None:
            raise ServiceError(
                "NotImplemented",
                f"Salvia does not implement {service}:{name} yet. `salvia coverage` lists what there is.",
                501,
            )
        return handler


def discover(package: str = "salvia.services") -> list[ModuleType]:
    """Every module below `package`, imported."""
    root = importlib.import_module(package)
    return [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(root.__path__, prefix=f"{package}.")
        if found.name.count(".") >= 2
    ]
