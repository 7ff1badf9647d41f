"""What a program sees of the machine, and the command lines that show it no more.

A view is an allow-list: the system's programs and libraries, a few harmless files of /etc, the Python that
its environment builds on, what is mounted for it, and /opt/ml. Everything else, this data directory and other
jobs and people's homes first of all, does not exist in it. Two sandboxes can show a view: bubblewrap, and
`namespaces.py`, which needs nothing but Python. Without either (level `none`) nothing is hidden.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from .base import Mount

ML = "/opt/ml"
RUN = "/run/salvia"
ENVIRONMENT = "9"
"""The descriptor from which sandboxes read their program's environment: words `--setenv NAME VALUE`, NUL-ended."""

_ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SYSTEM = ("/usr", "/nix/store", "/gnu/store", "/var/lib/ca-certificates")
# Not /etc as a whole: a program that is root there could read keys and password hashes that root owns.
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
    "gai.conf",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "lsb-release",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
# Settings of the kernel and its drivers belong to root, and root without capabilities is still their owner.
# Bubblewrap leaves some open: by core_pattern alone, a program would have another run outside, as real root.
_KERNEL = ("acpi", "bus", "fs", "irq", "mtrr", "scsi", "sys", "sysrq-trigger")
_OPTIONS = {"bind": "--ro-bind", "bind-rw": "--bind", "device": "--dev-bind", "link": "--symlink"}  # of bubblewrap
_PEOPLE = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"


class Level(StrEnum):
    """How much a program is kept apart, best first."""

    BUBBLEWRAP = "bubblewrap"
    UNSHARE = "unshare"
    NONE = "none"


class Step(NamedTuple):
    """One thing to lay out: `bind`, `bind-rw`, `device`, `tmpfs` (source is its size in bytes, or empty) or `link`."""

    kind: str
    source: str
    inside: str


@dataclass(frozen=True, slots=True)
class View:
    """What one program sees. `folder` is the instance's own, with ml, run, tmp, etc and root below it."""

    folder: Path
    home: Path
    host: str
    mounts: tuple[Mount, ...]
    shm: int
    network: bool
    devices: tuple[Path, ...] = ()

    def prepare(self, addresses: Mapping[str, str]) -> None:
        """Make the folders, and the files of /etc that differ from the machine's."""
        for name in ("ml", "run", "run/serve", "tmp", "etc", "root"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "tmp").chmod(0o1777)
        hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
        hosts += [f"{address} {name}" for name, address in addresses.items()]
        etc = self.folder / "etc"
        (etc / "hosts").write_text("\n".join(hosts) + "\n")
        (etc / "hostname").write_text(self.host + "\n")
        (etc / "passwd").write_text(_PEOPLE)
        (etc / "group").write_text(_GROUP)

    def steps(self) -> list[Step]:
        """The layout, in the order in which it has to be made; later steps cover earlier ones."""
        steps = [Step("bind", path, path) for path in _SYSTEM if Path(path).is_dir()]
        for name in _ROOT_LINKS:
            path = Path("/") / name
            if path.is_symlink():
                steps.append(Step("link", str(path.readlink()), str(path)))
            elif path.is_dir():
                steps.append(Step("bind", str(path), str(path)))
        steps += [Step("bind", f"/etc/{name}", f"/etc/{name}") for name in _ETC if Path("/etc", name).exists()]
        steps += [
            Step("bind", str(self.folder / "etc" / name), f"/etc/{name}")
            for name in ("hosts", "hostname", "passwd", "group")
        ]
        steps += [Step("bind", f"/proc/{name}", f"/proc/{name}") for name in _KERNEL if Path("/proc", name).exists()]
        steps += [Step("device", str(device), f"/dev/{device.name}") for device in self.devices]
        steps.append(Step("tmpfs", str(self.shm), "/dev/shm"))  # noqa: S108
        steps.append(Step("bind-rw", str(self.folder / "tmp"), "/tmp"))  # noqa: S108
        steps += [Step("tmpfs", "", "/run"), Step("tmpfs", "", "/root"), Step("link", "/tmp", "/var/tmp")]  # noqa: S108
        shown = {step.inside for step in steps if step.kind == "bind"}
        python = Path(sys.base_prefix).resolve()
        if not within(python, shown):
            steps.append(Step("bind", str(python), str(python)))
            shown.add(str(python))
        if within(self.home, shown):
            steps.append(Step("tmpfs", "", str(self.home)))
            shown = set()
        for mount in self.mounts:
            if str(mount.host) != mount.inside or mount.writable or not within(mount.host, shown):
                steps.append(Step("bind-rw" if mount.writable else "bind", str(mount.host), mount.inside))
        steps.append(Step("bind-rw", str(self.folder / "ml"), ML))
        steps.append(Step("bind", str(self.folder / "run"), RUN))
        steps.append(Step("bind-rw", str(self.folder / "run" / "serve"), f"{RUN}/serve"))  # for a socket of its own
        return steps


class Bubblewrap:
    """The sandbox of Flatpak, https://github.com/containers/bubblewrap: small, audited, widely packaged."""

    level = Level.BUBBLEWRAP

    def __init__(self, program: str, *, sealed: bool = True) -> None:
        self.program = program
        # `--size` came with 0.7; older ones give /dev/shm half of the memory.
        listing = subprocess.run([program, "--help"], capture_output=True, text=True, check=False, timeout=10)
        self._sizes = "--size" in listing.stdout + listing.stderr
        # A program that could make user namespaces would be mighty in them, over mounts and networks of its own:
        # where most ways out of sandboxes began. The bar to them came with 0.8.
        self.sealed = sealed and "--disable-userns" in listing.stdout + listing.stderr

    def command(self, view: View, argv: Iterable[str]) -> list[str]:
        """`argv` inside `view`; it dies with its parent.

        The program's environment comes by descriptor 9, in bubblewrap's own words: in bubblewrap's own
        environment, a request's LD_PRELOAD would run outside the sandbox, and everybody can see a command line.
        """
        line = [
            self.program,
            "--args",
            ENVIRONMENT,
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
        ]
        line += ["--die-with-parent", "--new-session", "--hostname", view.host, "--cap-drop", "ALL"]
        if os.geteuid() != 0 or self.sealed:
            line += ["--unshare-user", "--uid", "0", "--gid", "0"]
        if self.sealed:
            line.append("--disable-userns")
        if not view.network:
            line.append("--unshare-net")
        line += ["--dev", "/dev", "--proc", "/proc"]
        for kind, source, inside in view.steps():
            if kind == "tmpfs":
                if source and self._sizes:
                    line += ["--size", source]
                line += ["--tmpfs", inside]
            else:
                option = _OPTIONS[kind]
                line += [option, source, inside]
        return [*line, "--remount-ro", "/", "--chdir", ML, "--", *argv]


class Namespaces:
    """The same view, laid out by `namespaces.py`: for machines without bubblewrap."""

    level = Level.UNSHARE

    def command(self, view: View, argv: Iterable[str]) -> list[str]:
        """`argv` inside `view`; it dies with its parent. The program's environment comes by descriptor 9."""
        plan = {
            "environment": int(ENVIRONMENT),
            "root": str(view.folder / "root"),
            "steps": view.steps(),
            "host": view.host,
            "network": view.network,
            "cwd": ML,
        }
        script = str(Path(__file__).with_name("namespaces.py"))
        return [sys.executable, "-I", "-S", script, json.dumps(plan), *argv]


class Bare:
    """No sandbox: the program sees what its user sees, with `/opt/ml` elsewhere."""

    level = Level.NONE

    def __init__(self) -> None:
        self._setpriv = shutil.which("setpriv")

    def command(self, view: View, argv: Iterable[str]) -> list[str]:
        """`argv` with paths that would be mounted replaced by where they are; it dies with its parent."""
        line = [relocate(view, word) for word in argv]
        return [self._setpriv, "--pdeathsig", "KILL", *line] if self._setpriv else line


Sandbox = Bubblewrap | Namespaces | Bare


def within(path: Path, folders: Iterable[str]) -> bool:
    """Whether `path` is one of `folders` or lies below one."""
    return any(path.is_relative_to(folder) for folder in folders)


def relocate(view: View, text: str) -> str:
    """`text` with every path that a sandbox would have mounted replaced by the host's."""
    places = {mount.inside: str(mount.host) for mount in view.mounts}
    places |= {ML: str(view.folder / "ml"), RUN: str(view.folder / "run")}
    longest_first = sorted(places, key=len, reverse=True)
    pattern = rf"(?<![\w./-])({'|'.join(map(re.escape, longest_first))})(?![\w.-])"
    return re.sub(pattern, lambda match: places[match[1]], text)
