"""Environments, really built, from wheels made here: no network."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from salvia.images import image, installer, kept
from salvia.images.builder import Builder, BuildError, Environment
from salvia.images.image import Image


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, the only place where packages come from."""
    folder = tmp_path / "links"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def made(tmp_path: Path, links: Path) -> Image:
    """An image with one locked package and a program."""
    digest = wheel(links, "greeting", "1.0")
    folder = tmp_path / "containers" / "hello"
    (folder / "hello").mkdir(parents=True)
    (folder / "image.toml").write_text(
        'name = "hello"\ntrain = ["python", "-m", "hello.train"]\n[environment]\nCOLOUR = "red"\n'
    )
    (folder / "requirements.lock").write_text(f"greeting==1.0 --hash=sha256:{digest}\n")
    (folder / "hello" / "__init__.py").write_text("")
    (folder / "hello" / "train.py").write_text("import greeting, os\nprint(greeting.TEXT, os.environ['COLOUR'])\n")
    return image.read(folder)


def wheel(folder: Path, name: str, version: str) -> str:
    """A wheel with one module; its SHA-256 in hexadecimal."""
    files = {
        f"{name}.py": f"TEXT = '{name} {version}'\n",
        f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{name}-{version}.dist-info/RECORD"
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for path, text in files.items()
    ]
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in {**files, record: "\n".join([*rows, f"{record},,"]) + "\n"}.items():
            archive.writestr(path, text)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def build(root: Path, of: Image, lines: list[str] | None = None) -> Environment:
    return asyncio.run(Builder(root).build(of, (lines if lines is not None else []).append))


def train(environment: Environment) -> str:
    """What the image's program prints in its environment."""
    return subprocess.run(
        environment.argv(environment.image.train),
        env=environment.variables,
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(params=["uv", "pip"])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Either installer."""
    if request.param == "pip":
        monkeypatch.setattr(installer, "find_uv", lambda: None)
    elif installer.find_uv() is None:
        pytest.skip("uv is not installed")
    yield request.param


def test_an_environment_runs_its_program(tool: str, made: Image, links: Path, tmp_path: Path) -> None:
    """The lock's packages, the image's program and variables; compiled, so that jobs start quickly.

    A line without a hash is allowed: a CPU build of torch has another hash than the registry's (ML facts).
    """
    wheel(links, "unhashed", "2.0")
    made.lock.write_text(made.lock.read_text() + "unhashed==2.0\n")
    lines: list[str] = []
    environment = build(tmp_path / "images", made, lines)
    assert train(environment) == "greeting 1.0 red\n"
    assert lines[0].startswith("Building hello")
    assert lines[0].endswith(tool)
    assert list(environment.program.rglob("__pycache__/train.*.pyc"))
    for module in ("greeting", "unhashed"):
        assert list((environment.packages / "venv").rglob(f"site-packages/__pycache__/{module}.*.pyc"))


def test_packages_that_images_share(made: Image, tmp_path: Path) -> None:
    """`packages = ["FOLDER/PACKAGE"]`: of a neighbour, importable by its name; its edits are another environment."""
    package = made.folder.parent / "common" / "polite"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def greet(): return 'good day'\n")
    (made.folder / "hello" / "train.py").write_text("import polite\nprint(polite.greet())\n")
    path = made.folder / "image.toml"
    path.write_text('packages = ["common/polite"]\n' + path.read_text())
    first = build(tmp_path / "images", image.read(made.folder))
    assert train(first) == "good day\n"
    (package / "__init__.py").write_text("def greet(): return 'good evening'\n")
    assert train(build(tmp_path / "images", image.read(made.folder))) == "good evening\n"
    assert train(first) == "good day\n"
    path.write_text(path.read_text().replace("common/polite", "common/rude"))
    with pytest.raises(image.ImageError, match=r"package 'common/rude' is neither in .*containers"):
        image.read(made.folder)


def test_one_that_stands_is_returned_at_once(made: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started for it."""
    first = build(tmp_path / "images", made)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", None)
    assert build(tmp_path / "images", made) == first
    assert Builder(tmp_path / "images").built(made) == first


def test_nothing_is_built_yet(made: Image, tmp_path: Path) -> None:
    """`salvia images` shows which are."""
    assert Builder(tmp_path / "images").built(made) is None


def test_a_job_s_program_does_not_change_under_it(made: Image, tmp_path: Path) -> None:
    """Another program is another environment; the old one stays as it was."""
    old = build(tmp_path / "images", made)
    (made.folder / "hello" / "train.py").write_text("print('new')\n")
    new = build(tmp_path / "images", made)
    assert new.path != old.path
    assert (train(old), train(new)) == ("greeting 1.0 red\n", "new\n")


def test_two_builders_share_one_build(made: Image, tmp_path: Path) -> None:
    """The second waits for the first, and says so."""
    lines: list[str] = []

    async def both() -> list[Environment]:
        builders = [Builder(tmp_path / "images") for _ in range(2)]
        return await asyncio.gather(*(builder.build(made, lines.append) for builder in builders))

    first, second = asyncio.run(both())
    assert first == second
    assert sum(line.startswith("Building") for line in lines) == 1
    assert "Waiting for another build of hello" in lines


def test_a_wrong_hash_fails_with_the_installer_s_words(made: Image, tmp_path: Path) -> None:
    """What was locked, or nothing."""
    made.lock.write_text(f"greeting==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BuildError, match=r"(?is)hash.*salvia images build hello"):
        build(tmp_path / "images", made)


def test_a_package_that_nobody_has_fails_with_its_name(made: Image, tmp_path: Path) -> None:
    """Cause and remedy; and the next attempt begins anew."""
    good = made.lock.read_text()
    made.lock.write_text("missing-package==9.9\n")
    with pytest.raises(BuildError, match=r"(?s)missing-package.*Check the network"):
        build(tmp_path / "images", made)
    made.lock.write_text(good)
    assert train(build(tmp_path / "images", made)) == "greeting 1.0 red\n"


def test_credentials_do_not_reach_progress_or_error(
    made: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index's URL may carry them."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:pa55word@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    made.lock.write_text("missing-package==9.9\n")
    lines: list[str] = []
    with pytest.raises(BuildError) as raised:
        build(tmp_path / "images", made, lines)
    assert "pa55word" not in "\n".join([*lines, str(raised.value)])


KILLED = """
import asyncio, os, sys
from pathlib import Path
from salvia.images import image
from salvia.images.builder import Builder

def progress(line):
    if line.startswith(sys.argv[3]):
        os.kill(os.getpid(), 9)

asyncio.run(Builder(Path(sys.argv[1])).build(image.read(Path(sys.argv[2])), progress))
"""


@pytest.mark.parametrize("moment", ["Building", "Using", "Installed", "Built"])
def test_a_killed_build_is_begun_anew(made: Image, tmp_path: Path, moment: str) -> None:
    """kill -9 of the builder at several moments: no half-built environment is ever used."""
    if installer.find_uv() is None:
        pytest.skip("uv is not installed")
    root = tmp_path / "images"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, root, made.folder, moment], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    finished = [json.loads(path.read_text()) for path in root.glob("*/environment.json")]
    assert len(finished) == (moment == "Built")  # its packages
    assert train(build(root, made)) == "greeting 1.0 red\n"


def test_a_cancelled_build_ends_its_installer(made: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is stopped while it waits for its image."""
    slow = tmp_path / "uv"
    slow.write_text("#!/bin/sh\necho started\nsleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(installer, "find_uv", lambda: str(slow))

    async def cancelled() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(
            Builder(tmp_path / "images").build(made, lambda line: begun.set() if line == "started" else None)
        )
        await asyncio.wait_for(begun.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(cancelled())
    assert time.monotonic() - began < 20


def test_a_lock_that_cannot_be_read_names_its_file(made: Image, tmp_path: Path) -> None:
    """An author of an image reads it."""
    made.lock.write_text("greeting\n")
    with pytest.raises(BuildError, match=r"requirements\.lock: 'greeting'"):
        build(tmp_path / "images", made)


def test_what_a_sandbox_has_to_show(made: Image, tmp_path: Path) -> None:
    """The environment, and the Python that it builds on."""
    environment = build(tmp_path / "images", made)
    assert environment.path in environment.mounts
    assert Path(sys.base_prefix).resolve() in environment.mounts
    assert Path(environment.argv(("python",))[0]).is_relative_to(environment.packages)
    assert environment.argv(("/bin/sh", "-c")) == ("/bin/sh", "-c")


def test_torch_is_locked_in_a_file_of_its_own(made: Image, links: Path, tmp_path: Path) -> None:
    """By its version alone, and installed first: a CPU build's hash is another wherever it is found (ML facts)."""
    wheel(links, "torch", "2.0")
    (made.folder / "torch.lock").write_text("torch==2.0\n")
    environment = build(tmp_path / "images", made)
    assert (environment.packages / "unhashed.txt").read_text() == "torch==2.0\n"
    assert list((environment.packages / "venv").rglob("site-packages/torch.py"))


def test_equal_locks_share_their_packages(made: Image, tmp_path: Path) -> None:
    """Another program with the same lock file is there at once."""
    first = build(tmp_path / "images", made)
    (made.folder / "hello" / "more.py").write_text("")
    lines: list[str] = []
    second = build(tmp_path / "images", made, lines)
    assert first.path != second.path
    assert first.packages == second.packages
    assert lines == [f"Built {second.path.name}"]
    shutil.rmtree(first.packages)
    assert Builder(tmp_path / "images").built(made) is None
    assert train(build(tmp_path / "images", made)) == "greeting 1.0 red\n"


def test_environments_share_the_files_of_their_packages(made: Image, links: Path, tmp_path: Path) -> None:
    """uv links them from its cache: another lock with the same package needs no room for it."""
    if installer.find_uv() is None:
        pytest.skip("uv is not installed")
    first = build(tmp_path / "images", made)
    wheel(links, "another", "2.0")
    made.lock.write_text(made.lock.read_text() + "another==2.0\n")
    second = build(tmp_path / "images", made)
    files = [next(one.packages.rglob("site-packages/greeting.py")) for one in (first, second)]
    assert first.packages != second.packages
    assert files[0].stat().st_ino == files[1].stat().st_ino


def test_a_python_that_nobody_has_fails_with_what_to_do(
    made: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither on the machine nor fetched; without uv the sentence says so, too."""
    wants = dataclasses.replace(made, python="3.99")
    assert Builder(tmp_path / "images").built(wants) is None
    if installer.find_uv() is not None:
        with pytest.raises(BuildError, match=r"(?s)No Python 3\.99 was found.*uv cannot fetch one, either.*3\.99"):
            build(tmp_path / "images", wants)
    monkeypatch.setattr(installer, "find_uv", lambda: None)
    with pytest.raises(BuildError, match=r"uv python install 3\.99 \(With uv"):
        build(tmp_path / "images", wants)


def test_what_is_kept_and_pruned(made: Image, links: Path, tmp_path: Path) -> None:
    """An older environment goes, unless an instance that lives has it mounted; so does half a one."""
    root, instances = tmp_path / "images", tmp_path / "instances"
    old = build(root, made)
    wheel(links, "another", "2.0")
    made.lock.write_text(made.lock.read_text() + "another==2.0\n")
    new = build(root, made)
    half = root / "hello-0123456789abcdef"
    half.mkdir()
    folder = instances / "training-1-algo-1"
    folder.mkdir(parents=True)
    (folder / "SPEC.json").write_text(json.dumps({"mounts": list(map(str, old.mounts))}))
    wanted, _ = Builder(root).names(made)
    assert wanted is not None
    with (folder / "alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        found = {one.path: one for one in kept.kept(root, instances)}
        for used in (old.path, old.packages):
            assert found[used].users == ("training-1-algo-1",)
        assert found[new.path].size > 4096
        assert {one.path.name: one.state for one in found.values()}[half.name] == "unfinished"
        assert [one.path for one in kept.prune(found.values(), wanted)] == [half]
        assert train(old) == "greeting 1.0 red\n"
    assert {one.path for one in kept.prune(kept.kept(root, instances), wanted)} == {old.path, old.packages}
    assert {one.path for one in kept.kept(root, instances)} == {new.path, new.packages}
