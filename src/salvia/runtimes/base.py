"""What every runtime offers: start, poll, stop, kill, remove, address.

An *instance* is one agent with the user's program beside it, as one machine of a training cluster is on
AWS. The handle that `start` returns is plain JSON: whoever reads it back later, in another process, can do
everything with the instance that its starter could.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..core.errors import ServiceError

Handle = dict[str, Any]
Known = Callable[[Collection[str]], Awaitable[Collection[str]]]  # those of some tokens that somebody still wants


class InstanceState(StrEnum):
    """What `poll` finds: the agent is there, or it is not. What became of the job, the agent reports."""

    RUNNING = "RUNNING"
    GONE = "GONE"


class Capacity(NamedTuple):
    """What a runtime can hand out altogether: cores, and bytes of memory."""

    cpus: float
    memory: int


@dataclass(frozen=True, slots=True)
class Mount:
    """A host path that the program sees at `inside`; read-only unless `writable`."""

    host: Path
    inside: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """One instance to start.

    `name` ([a-z0-9-], at most 120 characters) is deterministic: a second start adopts the first. Instances of
    one `group` know each other as algo-1 … algo-`count`. `argv` is the program's command line as seen inside
    its sandbox, `memory` is in bytes, of `gpus` it gets as many as are free, `own_network` gives it a network that
    only its agent can enter, and `agent` is what the agent needs beside what the runtime knows: url, token, region,
    account, ca, job. Those of one `machine` have its cores, memory and GPUs together, and whoever kills or removes one
    ends the programs of all.
    """

    name: str
    group: str
    index: int
    count: int
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...] = ()
    cpus: float | None = None
    memory: int | None = None
    gpus: int = 0
    network_isolation: bool = False
    own_network: bool = False
    machine: str = ""
    agent: Mapping[str, object] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The name that its peers know it by."""
        return f"algo-{self.index + 1}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the whole group, its own among them."""
        return tuple(f"algo-{number}" for number in range(1, self.count + 1))


class UnsupportedError(ServiceError):
    """A request demands what this machine cannot give. Said, never ignored."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class StartError(ServiceError):
    """An instance could not be started; the message says where it stopped and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("InternalFailure", message, 500)


class Runtime(Protocol):
    """Every method is idempotent, and safe to repeat after a crash between any two instructions."""

    name: str

    async def start(self, spec: InstanceSpec) -> Handle:
        """Start an instance, or adopt the one of that name, running or gone: none ever runs twice.

        Raises UnsupportedError when the machine cannot give what the spec demands, StartError when it broke.
        """

    async def poll(self, handle: Handle) -> InstanceState:
        """RUNNING while the agent lives."""

    def watch(self, handle: Handle, ended: Callable[[], None]) -> None:
        """Call `ended`, once, on the running loop, when an agent that lives has ended; a hint: poll, too, if rarely."""

    async def stop(self, handle: Handle, grace: float) -> None:
        """Ask the agent to end its program within `grace` seconds and report; returns at once."""

    async def kill(self, handle: Handle) -> None:
        """End agent and program now, with everything that the program started."""

    async def remove(self, handle: Handle) -> None:
        """Delete what the instance left behind; one that still lives is killed first."""

    async def rest(self, handle: Handle) -> None:
        """Keep an instance whose program has ended: end and delete everything of its job, but not the agent.

        The agent's SPEC said `keep`: it waits for the next.
        """

    async def reuse(self, handle: Handle, spec: InstanceSpec) -> Handle:
        """Hand a resting instance its next `spec`, once: repeating it, by the same token, changes nothing.

        Name and group stay those of the instance. Raises StartError when it is gone.
        """

    async def sweep(self, known: Known, age: float) -> list[str]:
        """Remove what is left of instances that do not live, whose token nobody knows, and that nobody has touched for
        `age` seconds; their names."""

    def address(self, handle: Handle) -> str:
        """The IP address at which the host reaches the instance."""

    def socket(self, handle: Handle) -> str:
        """The path of the unix socket at which the host reaches the instance's model server, once it serves."""

    def report(self) -> dict[str, Any]:
        """What is in force and what is missing, for people: see each runtime."""

    def capacity(self) -> Capacity:
        """What there is to hand out."""
