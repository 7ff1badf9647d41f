"""One image: what its image.toml says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from . import hyperparameters as schema
from . import registries as declared
from .hyperparameters import Hyperparameter
from .registries import Registries

_MEMBERS = {
    "name", "version", "python", "train", "serve", "port", "packages", "environment", "answers_to", "hyperparameter",
    "metric",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# The tag `1` of an algorithm's names none.
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+(?:-transformers[0-9]+(?:\.[0-9]+)*)?")
ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that the image's log lines carry, as API_MetricDefinition."""

    name: str
    regex: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A registry name that an image answers to: tags are patterns; no accounts means any account.

    `retired` are tags that AWS once had and that this image does not stand in for.
    """

    repository: str
    tags: tuple[str, ...]
    accounts: frozenset[str]
    retired: tuple[str, ...] = ()

    def covers(self, account: str) -> bool:
        """Whether it answers for the registry of `account`."""
        return not self.accounts or account in self.accounts

    def has(self, tag: str) -> bool:
        """Whether one of its tags is, or matches, `tag`."""
        return _matches(tag, self.tags) and not self.had(tag)

    def had(self, tag: str) -> bool:
        """Whether `tag` is retired."""
        return _matches(tag, self.retired)


def _matches(tag: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(tag, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the catalogue. `python` is a requirement such as `>=3.11`; `folder` holds its program.

    `packages` are folders outside of it that it shares with other images, and imports by their names.
    `port` is where `serve` listens when it can be told nothing else: it gets a network of its own.
    `version` is that of its framework, the one that all its tags get.
    """

    name: str
    version: str | None
    folder: Path
    python: str
    train: tuple[str, ...]
    serve: tuple[str, ...]
    packages: tuple[Path, ...]
    port: int | None
    environment: Mapping[str, str]
    answers_to: tuple[Answer, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    metrics: tuple[Metric, ...]

    @property
    def lock(self) -> Path:
        """Its requirements.lock."""
        return self.folder / "requirements.lock"

    @property
    def locked(self) -> str:
        """All that is to be installed: torch.lock, if there is one, and requirements.lock.

        torch has a version alone: the hash of a CPU build is another wherever one is found.
        """
        files = [self.folder / "torch.lock", self.lock]
        return "".join(file.read_text() for file in files if file.exists())

    def asked_as(self, tag: str) -> Image:
        """This image for one who named it by `tag`; when that was another version, the agent is told to say so."""
        asked = _VERSION.match(tag)
        if self.version is None or asked is None or f"{self.version}.".startswith(f"{asked[0]}."):
            return self
        notice = f"{self.name} {self.version} runs here; the image's tag {tag} asks for {asked[0]}."
        return replace(self, environment={**self.environment, "SALVIA_NOTICE": notice})

    def check(self, given: Mapping[str, str]) -> list[str]:
        """What is wrong with these hyperparameters, a sentence each, in the words of AWS's toolkit."""
        return schema.check(self.hyperparameters, given)


class ImageError(Exception):
    """An image.toml that cannot be used; the message names file, member and what is expected."""


def read(folder: Path, registries: Registries | None = None) -> Image:
    """Read `folder`/image.toml, with the registries that are known to whoever reads many. Raises ImageError."""
    path = folder / "image.toml"
    try:
        if registries is None:
            registries = {**declared.read(default_folder()), **declared.read(folder.parent)}
        return _image(folder, tomllib.loads(path.read_text()), registries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ImageError(f"{path}: {said}") from error


def _image(folder: Path, written: Mapping[str, Any], registries: Registries) -> Image:
    unknown = set(written) - _MEMBERS
    if unknown:
        raise ValueError(f"unknown members {sorted(unknown)}; there are {sorted(_MEMBERS)}")
    if not _NAME.fullmatch(written["name"]):
        raise ValueError(f"name {written['name']!r} must be made of a-z, 0-9 and -")
    metrics = tuple(Metric(entry["name"], entry["regex"]) for entry in written.get("metric", ()))
    for metric in metrics:
        try:
            re.compile(metric.regex)
        except re.error as error:
            raise ValueError(f"metric {metric.name!r}: {metric.regex!r} is no regular expression: {error}") from error
    return Image(
        name=written["name"],
        version=str(written["version"]) if "version" in written else None,
        folder=folder,
        python=str(written.get("python", ">=3.11")),
        train=_words(written.get("train", [])),
        serve=_words(written.get("serve", [])),
        packages=tuple(_package(folder, name) for name in _words(written.get("packages", []))),
        port=_port(written.get("port")),
        environment={str(name): str(value) for name, value in written.get("environment", {}).items()},
        answers_to=tuple(_answer(entry, registries) for entry in written.get("answers_to", ())),
        hyperparameters=tuple(schema.parse(entry) for entry in written.get("hyperparameter", ())),
        metrics=metrics,
    )


def default_folder() -> Path:
    """`containers` beside the package in a wheel, at the root of the repository in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "containers"
    return shipped if shipped.is_dir() else package.parents[1] / "containers"


def _package(folder: Path, name: str) -> Path:
    """A package of a neighbour, `FOLDER/PACKAGE`; of a shipped image's neighbour where it has none."""
    found = [parent / name for parent in (folder.parent, default_folder()) if (parent / name).is_dir()]
    if not found:
        raise ValueError(f"package {name!r} is neither in {folder.parent} nor in {default_folder()}")
    return found[0]


def _port(written: Any) -> int | None:
    if written is None or (isinstance(written, int) and 0 < written < 65536):
        return written
    raise ValueError(f"port {written!r} must be a number from 1 to 65535")


def _answer(entry: Mapping[str, Any], registries: Registries) -> Answer:
    """`registry` is a set of accounts that registries.toml declares; `accounts` a list, or "*", which is anybody."""
    accounts = entry.get("accounts", ANYBODY)
    if name := entry.get("registry"):
        if name not in registries:
            raise ValueError(f"registry {name!r} is in no registries.toml; there are {sorted(registries)}")
        accounts = list(registries[name].values())
    listed = frozenset() if accounts == ANYBODY else frozenset(_words(accounts))
    return Answer(str(entry["repository"]), _words(entry["tags"]), listed, _words(entry.get("retired", [])))


def _words(written: Any) -> tuple[str, ...]:
    if not isinstance(written, list) or not all(isinstance(word, str) for word in written):
        raise TypeError(f"{written!r} must be a list of texts")
    return tuple(written)
