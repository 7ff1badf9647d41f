"""A Jupyter server as the instance of a document: started, looked at, ended. Notebook instances and apps are such.

    Plan ─▶ start ─▶ look: BEGUN ─▶ STARTING ─▶ SERVING (site, idle) ─▶ end ─▶ remove
                                        └──▶ DEAD (why)

Its volume is a folder of the data directory, on one node: it outlives the instance, and whoever made it deletes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from salvia.core.errors import ServiceError
from salvia.runtimes.base import InstanceSpec, Mount
from salvia.runtimes.folder import delete_tree
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases, sites
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import building, hosting, instances, kernels
from .crew import Crew
from .instances import Instance
from .reconcile import Outcome
from .world import World

GRACE = 15.0  # seconds from SIGTERM to SIGKILL: a server saves nothing, but it ends its kernels
IMAGE = "jupyterlab"
_ATTEMPT = "_Attempt"  # in a document's status
_NODE = "_VolumeNode"
_BATCHES = 1_000_000_000  # numbers of log batches of one attempt: those of the next are higher
_FRESH = 60.0  # seconds for which a report says what its kernels do
_LINES = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run. `home` is its user's; of it `kept` is on the volume, all of it where that is empty.

    `volume` is whose: a document's id. `repositories` are {url, branch}, `scripts` are by their step, in base64;
    `streams` are by step, too. The server answers at the path `base` and opens the folder `begin`.
    """

    role: str
    instance_type: str
    home: str
    kept: str
    volume: str
    log_group: str
    streams: Mapping[str, str]
    metadata: Mapping[str, Any]
    repositories: Sequence[Mapping[str, str]] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    base: str = "/"
    begin: str = ""
    image: str = IMAGE
    environment: Mapping[str, str] = field(default_factory=dict)


class State(StrEnum):
    """Of an instance; DEAD is one that ended or is lost."""

    BEGUN = "BEGUN"
    STARTING = "STARTING"
    SERVING = "SERVING"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class Seen:
    """`phase` is its step, entered at `since`, virtual time; `idle_since` is None while kernels work. `lost`: its agent
    ended without a word."""

    state: State
    phase: str = "Starting"
    since: float | None = None
    idle_since: float | None = None
    ended: float | None = None
    reason: str = ""
    lost: bool = False


def crew(document: Document, world: World) -> Crew:
    """The instance of the attempt that runs. Its name is short: it is part of a socket's address."""
    number = attempt(document)
    return Crew(document, world, number, lambda _: f"n{document.id.replace('-', '')[:16]}-{number}")


def attempt(document: Document) -> int:
    """How often the document was started before."""
    return int(document.status.get(_ATTEMPT, 0))


def again(document: Document) -> None:
    """What starts next is another instance."""
    document.status[_ATTEMPT] = attempt(document) + 1


def token(secret: bytes, document: Document) -> str:
    """What the server wants to be shown; it follows from the server's secret, so that nobody keeps it."""
    return hmac.new(secret, f"jupyter/{document.id}/{attempt(document)}".encode(), hashlib.sha256).hexdigest()


def volume(world: World, owner: str) -> Path:
    """The folder that outlives instances."""
    return world.settings.home / "volumes" / owner


def volumes(world: World) -> set[str]:
    """Whose folders there are."""
    folder = world.settings.home / "volumes"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


async def delete_volume(world: World, owner: str) -> None:
    """Delete what was kept; repeating it changes nothing."""
    path = volume(world, owner)
    if await asyncio.to_thread(path.is_dir):
        await asyncio.to_thread(delete_tree, path)


async def start(document: Document, world: World, plan: Plan) -> None:
    """Start the instance, or adopt the one that runs. Raises ServiceError when it cannot be."""
    kind = instance_type(plan.instance_type)
    if kind is None:
        raise ServiceError("ValidationException", f"Nothing is known of the instance type {plan.instance_type}.")
    image = world.catalogue.get(plan.image)
    if image is None:
        raise ServiceError("ValidationException", f"There is no image {plan.image}. See `salvia images`.")
    if document.status.setdefault(_NODE, world.node) != world.node:
        raise ServiceError(
            "InternalServerError",
            "its volume is on another machine, which does not answer any more. Start that server again.",
            500,
        )
    runtime, team, number = world.runtimes["process"], crew(document, world), attempt(document)
    hosting.reachable(runtime.socket(hosting.handle(team.name(0))))
    environment = await building.environment(document, world, image)
    mounts = await asyncio.to_thread(_mounts, volume(world, plan.volume), plan)
    others = await asyncio.to_thread(kernels.found, world, environment)
    shown = dict.fromkeys(path for one in (environment, *others) for path in one.mounts)
    variables = {
        **environment.variables,
        **plan.environment,
        "HOME": plan.home,
        "JUPYTER_TOKEN": token(world.secret, document),
    }
    told = {
        "kind": "notebook",
        "log_group": plan.log_group,
        "log_stream": plan.streams["Loading"],
        "stop_grace": GRACE,
        "notebook": {
            "config": {
                "root": plan.kept,
                "base": plan.base,
                "begin": plan.begin,
                "repositories": list(plan.repositories),
                "scripts": dict(plan.scripts),
                "kernels": [kernels.spec(one, environment) for one in others],
            },
            "metadata": dict(plan.metadata),
            "streams": dict(plan.streams),
            "batch": number * _BATCHES,
            "token": token(world.secret, document),
            "base": plan.base,
        },
    }
    spec = InstanceSpec(
        name=team.name(0),
        group=team.name(0),
        index=0,
        count=1,
        argv=environment.argv(image.serve),
        environment=variables,
        mounts=(*(Mount(path, str(path)) for path in shown), *mounts),
        cpus=kind.vcpu,
        memory=kind.memory,
        gpus=kind.gpu_count,
        agent=team.agent(0, False, told),
    )

    def also(tx: Transaction) -> None:
        leases.keep(tx, document)
        leases.pin(tx, document, world.node)

    await team.start(runtime, plan.role, [spec], also)


def _mounts(folder: Path, plan: Plan) -> list[Mount]:
    """The volume; around it, where it is but a part of the home, a home that begins anew each time."""
    kept = folder / "kept"
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not plan.kept:
        return [Mount(kept, plan.home, writable=True)]
    home = folder / "home"
    if home.is_dir():
        delete_tree(home)
    (home / plan.kept).mkdir(parents=True)
    return [Mount(home, plan.home, writable=True), Mount(kept, f"{plan.home}/{plan.kept}", writable=True)]


async def look(document: Document, world: World) -> Seen:
    """What has become of it."""
    team = crew(document, world)
    members = team.members()
    if not team.started(members):
        return Seen(State.BEGUN)
    member = members[0]
    if member.exit is None and await team.lost(members):
        reason = "its agent ended without reporting how."
        return Seen(State.DEAD, member.phase, ended=world.clock.now(), reason=reason, lost=True)
    (member,) = team.members()
    moments: dict[str, float] = member.report.get("moments", {})
    since = moments.get(member.phase)
    if member.exit is not None:
        return Seen(State.DEAD, member.phase, since, ended=since, reason=_reason(member.exit))
    if member.phase != "InService":
        return Seen(State.STARTING, member.phase, since)
    return Seen(State.SERVING, member.phase, since, _idle_since(member, world))


def site(document: Document, world: World, plan: Plan) -> dict[str, Any]:
    """Where gateways find the server that serves; for the document's status, as `_Site`."""
    runtime = world.runtimes["process"]
    opens = f"{plan.base}lab" + (f"/tree/{plan.begin}" if plan.begin else "")
    return {"socket": runtime.socket(hosting.handle(crew(document, world).name(0))), "opens": opens}


def idle(document: Document, world: World, seen: Seen, minutes: int, ending: str) -> Outcome | None:
    """The end of one that nobody worked in for so many minutes, 0 for however long: its state is `ending` from now on,
    and its site is closed. None: it goes on."""
    if not minutes or seen.idle_since is None or world.clock.now() < seen.idle_since + 60 * minutes:
        return None
    document.state = ending
    document.status["_StopRequestedAt"] = world.clock.wall()
    return Outcome(requeue=0, also=lambda tx: sites.close(tx, document.id))


async def end(document: Document, world: World, asked_at: float) -> tuple[bool, Any]:
    """Ask it to end: whether it is gone, and what is to be written with the outcome while it is not."""
    late = world.clock.wall() > asked_at + GRACE + 10
    asked = None if late else await crew(document, world).end(GRACE)
    return asked is None, asked


async def remove(document: Document, world: World) -> str:
    """Remove what is left of it; empty, or what cannot be removed yet."""
    return await crew(document, world).remove()


def forget(tx: Transaction, document: Document) -> None:
    """Drop the rows of instances that were removed, and with them their tokens."""
    instances.forget(tx, document.id)


def _idle_since(member: Instance, world: World) -> float | None:
    fresh = member.reported_at is not None and member.reported_at > world.clock.wall() - _FRESH
    active: float | None = member.report.get("moments", {}).get("active")
    return None if member.report.get("busy") or not fresh else active


def _reason(ended: Mapping[str, Any]) -> str:
    error = ended.get("error")
    lines = [line.rstrip() for line in ended.get("log_tail") or () if line.strip()][-_LINES:]
    last = "\nIts last lines:\n" + "\n".join(lines) if lines else ""
    if error:
        return f"{error['message']}{last}"
    if ended.get("oom"):
        return f"it ran out of memory. Choose an instance type with more.{last}"
    if ended.get("signal"):
        name = f" ({signal.Signals(ended['signal']).name})" if ended["signal"] in set(signal.Signals) else ""
        return f"the Jupyter server was killed by signal {ended['signal']}{name}.{last}"
    if ended.get("code") is None:
        return f"it was stopped from outside before its program ran.{last}"
    return f"the Jupyter server ended with exit code {ended['code']}.{last}"
