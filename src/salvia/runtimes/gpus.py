"""The NVIDIA GPUs of this machine, and which instance has which.

A GPU is a device node, /dev/nvidia0 and so on; its driver says at /proc/driver/nvidia/gpus/*/information what it is.
Neither needs a library. An instance has its GPUs for as long as its agent lives: a dead one's are free.

Source: README of NVIDIA's Linux driver, "The /proc Interface"; CUDA's programming guide, CUDA_VISIBLE_DEVICES.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from .claims import changing
from .folder import InstanceFolder

_NODE = re.compile(r"nvidia([0-9]+)")
_FACT = re.compile(r"^(Model|GPU UUID|Device Minor):\s*(.+?)\s*$", re.MULTILINE)
_SHARED = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")  # what the libraries talk to, whichever GPU they use


class Gpu(NamedTuple):
    """One GPU: the number of its node, its model and its UUID, empty where the driver does not say."""

    minor: int
    model: str = ""
    uuid: str = ""


class Gpus:
    """Those below `root`, where the machine's /dev and /proc are, claimed by instances of `directory`."""

    def __init__(self, directory: Path, root: Path = Path("/")) -> None:
        self._instances = directory / "instances"
        self._claims = directory / "gpus.json"
        self._root = root

    def found(self) -> list[Gpu]:
        """All of them, by number."""
        told = {}
        for path in self._root.glob("proc/driver/nvidia/gpus/*/information"):
            facts = dict(_FACT.findall(path.read_text(errors="replace")))
            if facts.get("Device Minor", "").isdecimal():
                minor = int(facts["Device Minor"])
                told[minor] = Gpu(minor, facts.get("Model", ""), facts.get("GPU UUID", ""))
        nodes = (_NODE.fullmatch(path.name) for path in self._root.glob("dev/nvidia*"))
        return [told.get(minor, Gpu(minor)) for minor in sorted(int(node[1]) for node in nodes if node)]

    def claim(self, machine: str, member: str, count: int) -> list[Gpu]:
        """As many as are free, at most `count`, for an instance; those of one `machine` share theirs.

        Repeating it changes nothing.
        """
        found = {gpu.minor: gpu for gpu in self.found()} if count else {}
        if not found:
            return []
        with changing(self._claims) as claims:
            for other, claim in list(claims.items()):
                claim["members"] = [one for one in claim["members"] if one == member or self._lives(one)]
                if not claim["members"]:
                    del claims[other]
            taken = {minor for claim in claims.values() for minor in claim["gpus"]}
            free = [minor for minor in found if minor not in taken]
            claim = claims.setdefault(machine, {"gpus": free[:count], "members": []})
            if member not in claim["members"]:
                claim["members"].append(member)
            return [found[minor] for minor in claim["gpus"] if minor in found]

    def taken(self) -> set[int]:
        """The numbers of those that an instance has."""
        if not self._claims.exists():
            return set()
        claims = json.loads(self._claims.read_text())
        lived = (claim["gpus"] for claim in claims.values() if any(map(self._lives, claim["members"])))
        return {minor for gpus in lived for minor in gpus}

    def release(self, member: str) -> None:
        """Give up its hold; what nobody holds is free."""
        if not self._claims.exists():
            return
        with changing(self._claims) as claims:
            for machine, claim in list(claims.items()):
                claim["members"] = [other for other in claim["members"] if other != member]
                if not claim["members"]:
                    del claims[machine]

    def nodes(self, gpus: Iterable[Gpu]) -> tuple[Path, ...]:
        """The device nodes that a program needs for `gpus`, those that there are."""
        names = [*(f"nvidia{gpu.minor}" for gpu in gpus)]
        paths = [self._root / "dev" / name for name in (*names, *_SHARED)] if names else []
        return tuple(path for path in paths if path.exists())

    def variables(self, gpus: Sequence[Gpu], *, hidden: bool) -> dict[str, str]:
        """What makes CUDA use `gpus` and no others; none where the machine has none.

        A program that sees no other's node (`hidden`) counts its own from 0.
        """
        if not gpus and not self.found():
            return {}
        if all(gpu.uuid for gpu in gpus):
            shown = [gpu.uuid for gpu in gpus]
        else:
            shown = [str(place if hidden else gpu.minor) for place, gpu in enumerate(gpus)]
        return {"CUDA_VISIBLE_DEVICES": ",".join(shown)}

    def _lives(self, name: str) -> bool:
        return InstanceFolder(self._instances / name).alive()


def notice(wanted: int, given: int) -> str:
    """What the log says of an instance type with so many GPUs that got fewer."""
    if given >= wanted:
        return ""
    has = f"{given} of them are free on this machine" if given else "none is free on this machine: it runs on CPUs"
    return f"The instance type has {wanted} GPU{'s' if wanted > 1 else ''}; {has}."
