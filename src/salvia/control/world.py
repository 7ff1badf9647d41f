"""What handlers and reconcilers may reach: the one object that a test replaces parts of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from salvia.core.clock import Clock
from salvia.settings import Settings
from salvia.store.db import Database, Transaction

from .hints import Wakes
from .providers import Providers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from salvia.images.catalogue import Catalogue
    from salvia.objectstore.base import ObjectStore
    from salvia.runtimes.base import Runtime

    from .audit.journal import Journal
    from .dispatch import Dispatch

T = TypeVar("T")
P = TypeVar("P")


@dataclass(slots=True)
class World:
    """`runtimes` are by name; gateways have none. `secret` is the servers' own, `node` empty where there is but one.
    `closing` is set once the process is to end, `closers` are called then. With `journal`, calls are recorded."""

    settings: Settings
    db: Database
    clock: Clock
    objects: ObjectStore
    catalogue: Catalogue
    dispatch: Dispatch
    hints: Wakes
    secret: bytes = field(repr=False)
    node: str = ""
    providers: Providers = field(default_factory=Providers)
    runtimes: dict[str, Runtime] = field(default_factory=dict)
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    journal: Journal | None = None
    _parts: dict[type, object] = field(default_factory=dict)
    _hinting: bool = False

    def part(self, kind: type[P]) -> P:
        """The process's one `kind`, made of the world when it is first asked for."""
        found = self._parts.get(kind)
        if found is None:
            found = self._parts[kind] = kind(self)  # type: ignore[call-arg]
        return found  # type: ignore[return-value]

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Commit `work`, then wake whoever reconciles: for writes that make a document due."""
        result = await self.db.write(work)
        self.wake()
        return result

    def wake(self) -> None:
        """Let whoever reconciles look."""
        if not self._hinting:  # once for all that one commit settled
            self._hinting = True
            asyncio.get_running_loop().call_soon(self._hint)

    def _hint(self) -> None:
        self._hinting = False
        if not self.closing.is_set():
            self.hints.send()
